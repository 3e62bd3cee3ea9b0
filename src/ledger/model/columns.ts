import type { Resource, Transaction } from './transaction.js';

/** The column of each member. Select lists are built from these tables; a new member needs only one line here. */
const TRANSACTION = {
  id: 'id',
  appId: 'app_id',
  type: 'type',
  provider: 'provider',
  status: 'status',
  reference: 'reference',
  quantity: 'quantity',
  unit: 'unit',
  correlationId: 'correlation_id',
  providerReference: 'provider_reference',
  detail: 'detail',
  sealed: 'sealed',
  metadata: 'metadata',
  failure: 'failure',
  resourceId: 'resource_id',
  attempts: 'attempts',
  attemptOpen: 'attempt_open',
  epoch: 'epoch',
  dueAt: 'due_at',
  parked: 'parked',
  releaseAt: 'release_at',
  expiresAt: 'expires_at',
  expectedBy: 'expected_by',
  version: 'version',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  completedAt: 'completed_at',
  blockedAt: 'blocked_at',
  erasedAt: 'erased_at',
} as const satisfies Record<keyof Transaction, string>;

const RESOURCE = {
  id: 'id',
  appId: 'app_id',
  kind: 'kind',
  provider: 'provider',
  providerReference: 'provider_reference',
  status: 'status',
  detail: 'detail',
  sealed: 'sealed',
  metadata: 'metadata',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  blockedAt: 'blocked_at',
  erasedAt: 'erased_at',
} as const satisfies Record<keyof Resource, string>;

function selectList(alias: string, columns: Readonly<Record<string, string>>): string {
  return Object.entries(columns)
    .map(([member, column]) => `${alias}.${column} as "${member}"`)
    .join(', ');
}

/** Some columns of a transaction, under the names of `Transaction`. */
export function transactionColumns(alias: string, members: readonly (keyof Transaction)[]): string {
  return selectList(alias, Object.fromEntries(members.map((member) => [member, TRANSACTION[member]])));
}

/** All columns of a transaction `t`. `bigint` arrives as text; `toTransaction` makes it exact. */
export const TRANSACTION_COLUMNS = selectList('t', TRANSACTION);

/** For lists, which never show sealed data. It would be half of the bytes of a page. */
export const LISTED_COLUMNS = TRANSACTION_COLUMNS.replace('t.sealed', 'null::bytea');

export type TransactionRow = Omit<Transaction, 'quantity'> & { readonly quantity: string | null };

export function toTransaction(row: TransactionRow): Transaction {
  return { ...row, quantity: row.quantity === null ? null : BigInt(row.quantity) };
}

/** All columns of a resource `r`. */
export const RESOURCE_COLUMNS = selectList('r', RESOURCE);

export type ResourceRow = Resource;
