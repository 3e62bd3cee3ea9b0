import { isFinal } from '../model/status-transitions.js';
import type { Transaction } from '../model/transaction.js';
import type { Settled } from './settle.js';
import type { Settlement } from './settlement.js';
import { wholeMs } from './whole-ms.js';

type Outcome = Pick<
  Settlement,
  'to' | 'expectedInMs' | 'correlationId' | 'providerReference' | 'failure' | 'detail' | 'attemptNotSent' | 'parked'
>;

/**
 * The transaction that SETTLE has written for a writer with the lease, without reading it again; only `dueAt` and
 * `sealed` keep their old values.
 */
export function asSettled(transaction: Transaction, outcome: Outcome, settled: Settled): Transaction {
  const status = outcome.to ?? transaction.status;
  return {
    ...transaction,
    status,
    correlationId: outcome.correlationId ?? transaction.correlationId,
    providerReference: outcome.providerReference ?? transaction.providerReference,
    failure: outcome.failure ?? transaction.failure,
    detail: { ...transaction.detail, ...outcome.detail },
    attempts: transaction.attempts - (outcome.attemptNotSent === true ? 1 : 0),
    attemptOpen: false,
    parked: outcome.parked ?? false,
    expectedBy: isFinal(status) || status === 'unknown' ? null : expectedBy(transaction, outcome, settled),
    version: settled.version,
    updatedAt: settled.updatedAt,
    completedAt: settled.completedAt,
  };
}

function expectedBy(transaction: Transaction, { expectedInMs }: Outcome, { updatedAt }: Settled): Date | null {
  return typeof expectedInMs === 'number'
    ? new Date(updatedAt.getTime() + wholeMs(expectedInMs))
    : transaction.expectedBy;
}
