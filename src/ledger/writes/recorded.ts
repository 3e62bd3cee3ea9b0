import type { NewTransaction } from '../model/new-transaction.js';
import type { Transaction } from '../model/transaction.js';

/** The transaction that RECORD has written, without reading it again; only `dueAt` is missing. */
export function asRecorded(row: NewTransaction, createdAt: Date): Transaction {
  const isLeased = row.leaseMs !== null;
  return {
    id: row.id,
    appId: row.appId,
    type: row.type,
    provider: row.provider,
    status: row.status,
    reference: row.reference,
    quantity: row.quantity,
    unit: row.unit,
    correlationId: null,
    providerReference: null,
    detail: row.detail,
    sealed: row.sealed,
    metadata: row.metadata,
    failure: null,
    resourceId: row.resourceId,
    attempts: isLeased ? 1 : 0,
    attemptOpen: isLeased,
    epoch: isLeased ? 1 : 0,
    dueAt: null,
    parked: false,
    releaseAt: row.releaseAt,
    expiresAt: after(createdAt, row.expiresInMs),
    expectedBy: after(createdAt, row.expectedInMs),
    version: 1,
    createdAt,
    updatedAt: createdAt,
    completedAt: null,
    blockedAt: null,
    erasedAt: null,
  };
}

function after(time: Date, ms: number | null): Date | null {
  return ms === null ? null : new Date(time.getTime() + ms);
}
