import type { Database } from '../../database/database.js';
import type { Transaction } from '../model/transaction.js';

/** Another transaction on the same resource that has not ended, or that was recorded later and has succeeded. */
export type Sibling = Pick<
  Transaction,
  'id' | 'type' | 'status' | 'detail' | 'attempts' | 'attemptOpen' | 'parked' | 'erasedAt'
> & {
  /** It was recorded after the one that asks. */
  readonly isLater: boolean;
};

/** In the order of recording: by the database's clock, and by id within one commit. */
const SIBLINGS = `
select s.id, s.type, s.status, s.detail, s.attempts, s.attempt_open as "attemptOpen", s.parked, s.erased_at as "erasedAt",
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

const HASTEN = `
update transactions set due_at = now()
where resource_id = $1 and app_id = $2 and status = 'pending' and not attempt_open and not parked and due_at > now()`;

/** What waits for its turn on the resource is looked at now. */
export async function hastenSiblings(
  database: Database,
  { resourceId, appId }: Pick<Transaction, 'resourceId' | 'appId'>,
): Promise<void> {
  await database.prepared('ledger_hasten_siblings', HASTEN, [resourceId, appId]);
}
