import type { Database } from '../../database/database.js';

export interface OpenCount {
  readonly provider: string;
  readonly status: string;
  readonly count: number;
  /** Of them, those that only an operator sets going again. */
  readonly parked: number;
  /** Of them, those that were accepted long ago and still have no end. */
  readonly overdue: number;
}

/** Accepted so long ago, or released then, without an end. They are counted by the hour: up to one late. */
const OVERDUE = `interval '7 days 1 hour'`;

/** One snapshot: what has been folded, and what has come since. */
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

/** In the order of the key, so that two instances that fold at the same time only wait for each other. */
const FOLD = `
with taken as (
  delete from open_count_changes returning provider, type, status, parked, since, change
)
insert into open_counts as c (provider, type, status, parked, since, count)
select provider, type, status, parked, since, sum(change) from taken
group by 1, 2, 3, 4, 5 having sum(change) <> 0 order by 1, 2, 3, 4, 5
on conflict (provider, type, status, parked, since) do update set count = c.count + excluded.count`;

/** Hours in which nothing is open any more. */
const TIDY = `delete from open_counts where count = 0`;

/** How many transactions are open, by provider and status: exact, and as cheap with a million open as with none. */
export function openCounts(database: Database): Promise<OpenCount[]> {
  return database.prepared('ledger_open_counts', OPEN, []);
}

/** How many transactions wait to be sent to that provider, by type. */
export function pendingCounts(
  database: Database,
  provider: string,
): Promise<{ readonly type: string; readonly count: number }[]> {
  return database.prepared('ledger_pending_counts', PENDING, [provider]);
}

/** Folds what has changed into the sums; what is counted stays the same. */
export async function foldOpenCounts(database: Database): Promise<void> {
  await database.prepared('ledger_fold_counts', FOLD, []);
  await database.prepared('ledger_tidy_counts', TIDY, []);
}
