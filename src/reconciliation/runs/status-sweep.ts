import type { Database } from '../../database/database.js';
import { makeStatusQueriesDue } from '../../ledger/writes/make-due.js';
import type { Run } from './runs.service.js';

/** Counts the transactions that were not updated since the sweep began. */
const LEFT = `
select count(*)::int as left from transactions
where provider = $1 and status = 'processing' and updated_at < $4
  and ($2::timestamptz is null or created_at >= $2) and ($3::timestamptz is null or created_at <= $3)`;

/** A sweep ends after this time even if the provider does not respond. */
const MAX_MS = 60 * 60_000;

/** Schedules a status query for every accepted transaction that is not final. */
export async function beginSweep(database: Database, run: Run): Promise<Record<string, number>> {
  const asked = await leftOf(database, run);
  await makeStatusQueriesDue(database, run);
  return { asked };
}

/** Number of transactions not queried yet, and whether the sweep is over. */
export async function sweepLeft(database: Database, run: Run): Promise<{ left: number; isOver: boolean }> {
  const left = await leftOf(database, run);
  return { left, isOver: left === 0 || Date.now() - run.createdAt.getTime() > MAX_MS };
}

async function leftOf(database: Database, run: Run): Promise<number> {
  const rows = await database.query<{ left: number }>(LEFT, [run.provider, run.from, run.to, run.createdAt]);
  return rows[0]?.left ?? 0;
}
