import type { Database } from '../../database/database.js';
import { transactionColumns } from '../model/columns.js';
import type { Transaction } from '../model/transaction.js';

const MEMBERS = ['id', 'type', 'status', 'detail', 'attempts', 'attemptOpen', 'parked', 'erasedAt'] as const;

/** Another transaction on the same resource that is pending, or that was recorded later and succeeded. */
export type Sibling = Pick<Transaction, (typeof MEMBERS)[number]> & {
  /** True when it was recorded after the given transaction. */
  readonly isLater: boolean;
};

/** The order of recording: by the database's clock, and by id within one commit. */
const SIBLINGS = `
select ${transactionColumns('s', MEMBERS)},
  (s.created_at, s.id) > (t.created_at, t.id) as "isLater"
from transactions t
join transactions s on s.resource_id = t.resource_id and s.app_id = t.app_id and s.id <> t.id
where t.id = $1 and t.app_id = $2
  and (s.status = 'pending' or (s.status = 'succeeded' and (s.created_at, s.id) > (t.created_at, t.id)))`;

export async function findSiblings(
  database: Database,
  { id, appId }: Pick<Transaction, 'id' | 'appId'>,
): Promise<Sibling[]> {
  return database.prepared<Sibling>('ledger_siblings', SIBLINGS, [id, appId]);
}
