import type { Database } from '../../database/database.js';

export interface OpenCount {
  readonly provider: string;
  readonly status: string;
  readonly count: number;
  /** The number of those that wait for an operator. */
  readonly parked: number;
  /** The number of those that were accepted long ago and are not final. */
  readonly overdue: number;
}

/**
 * Accepted or released longer ago than this, without a final status. Counts are by the hour, so they may be up to one
 * hour late.
 */
const OVERDUE = `interval '7 days 1 hour'`;

/** The folded counts and the changes since then, in one snapshot. */
const ALL = `(
  select provider, type, status, parked, since, count from open_counts
  union all
  select provider, type, status, parked, since, change from open_count_changes) c`;

const OPEN = `
select provider, status, sum(count)::int as count, coalesce(sum(count) filter (where parked), 0)::int as parked,
  coalesce(sum(count) filter (where status = 'processing' and since <= now() - ${OVERDUE}), 0)::int as overdue
from ${ALL} group by provider, status having sum(count) <> 0`;

const PENDING = `
select type, sum(count)::int as count from ${ALL}
where provider = $1 and status = 'pending' group by type having sum(count) <> 0`;

/** In the order of the key, so that two instances that fold at the same time wait for each other but never deadlock. */
const FOLD = `
with taken as (
  delete from open_count_changes returning provider, type, status, parked, since, change
)
insert into open_counts as c (provider, type, status, parked, since, count)
select provider, type, status, parked, since, sum(change) from taken
group by 1, 2, 3, 4, 5 having sum(change) <> 0 order by 1, 2, 3, 4, 5
on conflict (provider, type, status, parked, since) do update set count = c.count + excluded.count`;

/** Deletes the counts of hours without open transactions. */
const TIDY = `delete from open_counts where count = 0`;

/** Number of open transactions by provider and status: exact, and as cheap with a million of them as with none. */
export function openCounts(database: Database): Promise<OpenCount[]> {
  return database.prepared('ledger_open_counts', OPEN, []);
}

/** Number of transactions that wait to be sent to a provider, by type. */
export function pendingCounts(
  database: Database,
  provider: string,
): Promise<{ readonly type: string; readonly count: number }[]> {
  return database.prepared('ledger_pending_counts', PENDING, [provider]);
}

/** Folds the changes into the counts. The totals stay the same. */
export async function foldOpenCounts(database: Database): Promise<void> {
  await database.prepared('ledger_fold_counts', FOLD, []);
  await database.prepared('ledger_tidy_counts', TIDY, []);
}
