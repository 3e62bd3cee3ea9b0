import type { Database } from '../../database/database.js';
import { idFromDaysAgo } from '../../database/id-age.js';

/** A provider that has accepted a transaction should have finished it within this time. */
const OVERDUE_DAYS = 7;
const MAX_ROWS = 500;
/** Before all ids. */
export const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/**
 * A range of the index of open transactions, by id, and the events of each: an aggregate, because `not exists` would read
 * the whole table of events. What was accepted a week ago was created before; a transaction that was held for long may have
 * been accepted later.
 */
const FIND = `
select t.id, t.app_id as "appId", t.version,
  not e.is_noted and coalesce(e.since < now() - interval '${OVERDUE_DAYS} days', false) as "isNew"
from transactions t
cross join lateral (
  select coalesce(bool_or(evidence = 'overdue'), false) as is_noted, max(at) filter (where to_status = 'processing') as since
  from transaction_events where transaction_id = t.id and app_id = t.app_id
) e
where t.status = 'processing' and t.provider = $1 and t.id > $2 and t.id < ${idFromDaysAgo(String(OVERDUE_DAYS))}
order by t.id limit ${MAX_ROWS}`;

/**
 * The version is compared under the lock of the row: a row that has changed since, e.g. because another instance has noted
 * it, is left for the next run. A row that is being written is not waited for. The status and the lease stay.
 */
const NOTE = `
with chosen as materialized (
  select t.id, t.app_id from transactions t
  join unnest($1::uuid[], $2::uuid[], $3::integer[]) as i (id, app_id, version) on t.id = i.id and t.app_id = i.app_id
  where t.version = i.version and t.status = 'processing'
  order by t.id for update of t skip locked
), noted as (
  update transactions t set version = t.version + 1, updated_at = now()
  from chosen c where t.id = c.id and t.app_id = c.app_id
  returning t.id, t.app_id, t.version
)
insert into transaction_events (id, transaction_id, app_id, seq, from_status, to_status, actor, evidence, detail)
select new_uuid(), id, app_id, version, 'processing', null, 'gateway', 'overdue',
  jsonb_build_object('afterDays', ${OVERDUE_DAYS}) from noted`;

interface Found {
  id: string;
  appId: string;
  version: number;
  isNew: boolean;
}

/**
 * Adds an event, once, to each of the next transactions that a provider has accepted more than a week ago and not finished.
 * `after` is the last id of the previous call. Returns the last id of this one; null: there are no more.
 */
export async function noteOverdue(database: Database, provider: string, after: string): Promise<string | null> {
  const found = await database.query<Found>(FIND, [provider, after]);
  const due = found.filter(({ isNew }) => isNew);
  if (due.length > 0) {
    const columns = [due.map(({ id }) => id), due.map(({ appId }) => appId), due.map(({ version }) => version)];
    await database.query(NOTE, columns);
  }
  return found.length < MAX_ROWS ? null : (found.at(-1)?.id ?? null);
}
