import type { Database } from '../../database/database.js';

const OLDER_THAN = `
select from transactions where provider = $1 and due_at <= now() and status = 'pending' and not attempt_open
  and coalesce(release_at, created_at) < now() - $2 * interval '1 ms' limit 1`;

const COUNT = `
select count(*)::int as count from (
  select from transactions where provider = $1 and type = $2 and due_at <= now() limit $3) due`;

/** True when a due transaction of a provider has waited longer than `forMs`. */
export async function hasDueOlderThan(database: Database, provider: string, forMs: number): Promise<boolean> {
  return (await database.prepared<object>('ledger_has_waited', OLDER_THAN, [provider, forMs])).length > 0;
}

/** Number of due operations of a type that are not claimed, counted up to `most`. */
export async function dueCount(database: Database, provider: string, type: string, most: number): Promise<number> {
  const rows = await database.prepared<{ count: number }>('ledger_due_count', COUNT, [provider, type, most]);
  return rows[0]?.count ?? 0;
}
