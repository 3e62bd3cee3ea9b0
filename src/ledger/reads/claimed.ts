import type { Database } from '../../database/database.js';
import { TRANSACTION_COLUMNS, toTransaction, type TransactionRow } from '../model/columns.js';
import type { Transaction } from '../model/transaction.js';

/** A transaction whose last attempt began with a claim. */
export interface Claimed {
  readonly transaction: Transaction;
  readonly claimId: string;
  /** The epoch that the claim set. A later epoch means that the lease has ended and the row was claimed again. */
  readonly claimEpoch: number;
}

/**
 * Rows of claims whose attempt is still open, or that are `unknown` only because the attempt was found open. It uses
 * the index of open transactions; an index of claims would slow down every record and outcome.
 */
const CLAIMED = `
select ${TRANSACTION_COLUMNS}, t.claim_id as "claimId", t.claim_epoch as "claimEpoch"
from transactions t
where t.status in ('pending', 'unknown') and t.claim_id = any($1::uuid[])
  and (t.attempt_open or t.status = 'unknown' and 'interrupted' = (
    select e.evidence from transaction_events e
    where e.transaction_id = t.id and e.app_id = t.app_id and e.seq = t.version))`;

type ClaimedRow = TransactionRow & Omit<Claimed, 'transaction'>;

export async function findClaimed(database: Database, claimIds: readonly string[]): Promise<Claimed[]> {
  const rows = await database.query<ClaimedRow>(CLAIMED, [claimIds]);
  return rows.map(({ claimId, claimEpoch, ...row }) => ({ transaction: toTransaction(row), claimId, claimEpoch }));
}
