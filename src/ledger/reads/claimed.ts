import type { Database } from '../../database/database.js';
import { TRANSACTION_COLUMNS, toTransaction, type TransactionRow } from '../model/columns.js';
import type { Transaction } from '../model/transaction.js';

/** A row whose last attempt began with a claim. */
export interface Claimed {
  readonly transaction: Transaction;
  readonly claimId: string;
  /** The row's epoch since that claim; a later one means that its lease has ended and the row was taken up again. */
  readonly claimEpoch: number;
}

/**
 * With the attempt still open, or called `unknown` for no other reason than that it was found open. By the index of what is
 * not final: there is none for claims, as every record and outcome would have to pay for it.
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
