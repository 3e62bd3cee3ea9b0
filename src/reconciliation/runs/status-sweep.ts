import type { Database } from '../../database/database.js';
import type { Run } from './runs.service.js';

/** Due now: they are asked for as the provider's quota allows, behind everything that somebody waits for. */
const ASK = `
update transactions set due_at = now()
where provider = $1 and status = 'processing' and not attempt_open
  and ($2::timestamptz is null or created_at >= $2) and ($3::timestamptz is null or created_at <= $3)`;

/** Nobody has looked at them since the sweep began. */
const LEFT = `
select count(*)::int as left from transactions
where provider = $1 and status = 'processing' and updated_at < $4
  and ($2::timestamptz is null or created_at >= $2) and ($3::timestamptz is null or created_at <= $3)`;

/** A provider that does not answer keeps no sweep open for ever. */
const MAX_MS = 60 * 60_000;

/** Has everything asked for that the provider accepted and that has no end. */
export async function beginSweep(database: Database, run: Run): Promise<Record<string, number>> {
  const asked = await leftOf(database, run);
  await database.query(ASK, [run.provider, run.from, run.to]);
  return { asked };
}

/** How many have not been looked at yet; null: the sweep is over. */
export async function sweepLeft(database: Database, run: Run): Promise<{ left: number; isOver: boolean }> {
  const left = await leftOf(database, run);
  return { left, isOver: left === 0 || Date.now() - run.createdAt.getTime() > MAX_MS };
}

async function leftOf(database: Database, run: Run): Promise<number> {
  const rows = await database.query<{ left: number }>(LEFT, [run.provider, run.from, run.to, run.createdAt]);
  return rows[0]?.left ?? 0;
}
