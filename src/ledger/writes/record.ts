import type { Database } from '../../database/database.js';
import { jsonRows, type JsonFields, type JsonRow } from '../../database/json-rows.js';
import type { AccountPair } from './accounts.js';
import { floatLock } from './float-coverage.js';
import { DUPLICATE_WINDOW_MINUTES, findConflicts, type Conflict, type Probe } from './conflicts.js';
import type { NewTransaction } from '../model/new-transaction.js';
import { wholeMs } from './whole-ms.js';

export type RecordResult =
  | {
      readonly kind: 'recorded';
      readonly createdAt: Date;
      /** True when the observed float covered it and all purchases in progress at that moment. */
      readonly isCovered: boolean;
    }
  | {
      readonly kind: 'known';
      readonly by: 'key' | 'reference' | 'duplicate';
      readonly id: string;
      readonly appId: string;
      readonly sameRequest: boolean;
    }
  | { readonly kind: 'uncovered' };

/** The fields of a row as the statement receives it, with their types in PostgreSQL. */
const INPUT = {
  id: 'uuid',
  appId: 'uuid',
  type: 'text',
  provider: 'text',
  status: 'text',
  reference: 'text',
  scope: 'text',
  key: 'text',
  item: 'integer',
  mac: 'text',
  quantity: 'bigint',
  unit: 'text',
  detail: 'jsonb',
  sealed: 'text',
  metadata: 'jsonb',
  resourceId: 'uuid',
  resource: 'jsonb',
  resourceSealed: 'text',
  dup: 'text',
  allowDup: 'boolean',
  leaseMs: 'bigint',
  releaseAt: 'timestamptz',
  expiresMs: 'bigint',
  expectedMs: 'bigint',
  actor: 'text',
  eventId: 'uuid',
  debit: 'bigint',
  credit: 'bigint',
  safety: 'numeric',
} as const satisfies JsonFields;

/** Each column that is inserted, with its value from the input. */
const INSERTED = {
  id: 'id',
  app_id: '"appId"',
  type: 'type',
  provider: 'provider',
  status: 'status',
  reference: 'reference',
  reference_scope: 'scope',
  idempotency_key: 'key',
  idempotency_item: 'item',
  request_mac: `decode(mac, 'base64')`,
  quantity: 'quantity',
  unit: 'unit',
  detail: 'detail',
  sealed: `decode(sealed, 'base64')`,
  metadata: 'metadata',
  resource_id: '"resourceId"',
  duplicate_mac: `decode(dup, 'base64')`,
  attempts: '("leaseMs" is not null)::integer',
  attempt_open: '"leaseMs" is not null',
  epoch: '("leaseMs" is not null)::integer',
  due_at: `coalesce("releaseAt", now() + coalesce("leaseMs", 0) * interval '1 ms')`,
  release_at: '"releaseAt"',
  expires_at: `now() + "expiresMs" * interval '1 ms'`,
  expected_by: `now() + "expectedMs" * interval '1 ms'`,
  covered: 'safety is not null',
};

/**
 * Conflicts are checked under locks, one per guarded value, so that two instances do not check at the same time. The
 * rows of one statement do not see each other, so no two of them may share a guarded value.
 */
const RECORD = `
with input as (
  select * from ${jsonRows(INPUT)}
), admitted as materialized (
  select a.id, a.is_covered from (
    select array_agg(id) as ids, array_agg(case when not "allowDup" then decode(dup, 'base64') end) as macs,
      array_agg(case when safety is not null then provider end) as budgets, array_agg(safety) as safeties,
      array_agg(quantity) as amounts
    from input) i,
    admit_transactions($2::bigint[], i.ids, i.macs, now() - interval '${DUPLICATE_WINDOW_MINUTES} min', i.budgets,
      i.safeties, i.amounts) a
), recorded as (
  insert into transactions (${Object.keys(INSERTED).join(', ')})
  select ${Object.values(INSERTED).join(', ')}
  from input join admitted using (id)
  on conflict do nothing
  returning id, created_at
), event as (
  insert into transaction_events (id, transaction_id, app_id, seq, to_status, actor, evidence)
  select "eventId", id, "appId", 1, status, actor, 'request' from recorded join input using (id)
), entry as (
  insert into ledger_entries (transaction_id, app_id, seq, phase, debit_account, credit_account, amount)
  select id, "appId", 1, 'hold', debit, credit, quantity from recorded join input using (id) where quantity is not null
), born as (
  insert into resources (id, app_id, kind, provider, status, detail, sealed, metadata)
  select "resourceId", "appId", resource->>'kind', provider, resource->>'status', resource->'detail',
    decode("resourceSealed", 'base64'), metadata
  from recorded join input using (id) where resource is not null
)
select id, created_at as "createdAt", is_covered as "isCovered" from recorded join admitted using (id)`;

export type RecordRow = NewTransaction & { readonly accounts: AccountPair | null };

interface Recorded {
  id: string;
  createdAt: Date;
  isCovered: boolean;
}

/**
 * Writes new transactions, each with its first event, hold and resource, in one statement and one commit. A row whose
 * key, reference or duplicate hash is already used is not written; its result is the conflict.
 */
export async function record(database: Database, rows: readonly RecordRow[]): Promise<RecordResult[]> {
  const values = [JSON.stringify(rows.map(toInput)), locksOf(rows)];
  const recorded = await database.prepared<Recorded>('ledger_record', RECORD, values);
  const byId = new Map(recorded.map((row) => [row.id, row]));
  const left = rows.filter((row) => !byId.has(row.id));
  const conflicts = left.length === 0 ? new Map<string, Conflict>() : await findConflicts(database, left.map(asProbe));
  return rows.map((row) => {
    const found = byId.get(row.id);
    if (found) return { kind: 'recorded', createdAt: found.createdAt, isCovered: found.isCovered };
    const conflict = conflicts.get(row.id);
    if (!conflict && row.cover) return { kind: 'uncovered' };
    if (!conflict) throw new Error('a transaction was not recorded, and there is no conflict');
    const { by, id, appId } = conflict;
    // The row conflicts with itself: an earlier attempt was committed, and only its response was lost.
    if (id === row.id) return { kind: 'recorded', createdAt: conflict.createdAt, isCovered: false };
    return { kind: 'known', by, id, appId, sameRequest: conflict.sameRequest === true };
  });
}

/** The lock keys in the same order for all writers, so that they cannot deadlock. */
function locksOf(rows: readonly RecordRow[]): string[] {
  const guarded = rows.flatMap((row) => [
    ...(row.duplicateMac && !row.allowDuplicate ? [row.duplicateMac] : []),
    ...(row.cover ? [floatLock(row.provider)] : []),
  ]);
  const locks = [...new Set(guarded.map((mac) => mac.readBigInt64BE(0)))];
  return locks.sort((a, b) => (a < b ? -1 : 1)).map(String);
}

/** A duplicate that the caller allows is not a conflict. */
function asProbe(row: RecordRow): Probe {
  return row.allowDuplicate ? { ...row, duplicateMac: null } : row;
}

function toInput(row: RecordRow): JsonRow<typeof INPUT> {
  return {
    id: row.id,
    appId: row.appId,
    type: row.type,
    provider: row.provider,
    status: row.status,
    reference: row.reference,
    scope: row.referenceScope,
    key: row.idempotencyKey,
    item: row.idempotencyItem,
    mac: row.requestMac?.toString('base64'),
    quantity: row.quantity?.toString(),
    unit: row.unit,
    detail: row.detail,
    sealed: row.sealed?.toString('base64'),
    metadata: row.metadata,
    resourceId: row.resourceId ?? undefined,
    resource: row.resource
      ? { kind: row.resource.kind, status: row.resource.status, detail: row.resource.detail }
      : undefined,
    resourceSealed: row.resource?.sealed?.toString('base64'),
    dup: row.duplicateMac?.toString('base64'),
    allowDup: row.allowDuplicate,
    leaseMs: row.leaseMs === null ? null : wholeMs(row.leaseMs),
    releaseAt: row.releaseAt ?? undefined,
    expiresMs: row.expiresInMs === null ? null : wholeMs(row.expiresInMs),
    expectedMs: row.expectedInMs === null ? null : wholeMs(row.expectedInMs),
    actor: row.actor,
    eventId: row.eventId,
    debit: row.accounts?.debit,
    credit: row.accounts?.credit,
    safety: row.cover?.safety,
  };
}
