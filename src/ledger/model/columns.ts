import type { Resource, Transaction } from './transaction.js';

/** Columns of a transaction under the names of `Transaction`; `bigint` arrives as text and is made exact below. */
export const TRANSACTION_COLUMNS = `
  t.id, t.app_id as "appId", t.type, t.provider, t.status, t.reference, t.quantity, t.unit,
  t.correlation_id as "correlationId", t.provider_reference as "providerReference", t.detail, t.sealed, t.metadata,
  t.failure, t.resource_id as "resourceId", t.attempts, t.attempt_open as "attemptOpen", t.epoch, t.due_at as "dueAt",
  t.parked, t.release_at as "releaseAt", t.expires_at as "expiresAt", t.expected_by as "expectedBy", t.version,
  t.created_at as "createdAt", t.updated_at as "updatedAt", t.completed_at as "completedAt",
  t.blocked_at as "blockedAt", t.erased_at as "erasedAt"`;

/** For lists, which never show what is sealed: half of what a page would bring from the database. */
export const LISTED_COLUMNS = TRANSACTION_COLUMNS.replace('t.sealed', 'null::bytea as sealed');

export type TransactionRow = Omit<Transaction, 'quantity'> & { readonly quantity: string | null };

export function toTransaction(row: TransactionRow): Transaction {
  return { ...row, quantity: row.quantity === null ? null : BigInt(row.quantity) };
}

export const RESOURCE_COLUMNS = `
  r.id, r.app_id as "appId", r.kind, r.provider, r.provider_reference as "providerReference", r.status, r.detail,
  r.sealed, r.metadata, r.created_at as "createdAt", r.updated_at as "updatedAt",
  r.blocked_at as "blockedAt", r.erased_at as "erasedAt"`;

export type ResourceRow = Resource;
