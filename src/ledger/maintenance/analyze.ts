import type { Database } from '../../database/database.js';

/** The tables in which the hot statements search rows. */
const TABLES = ['transactions', 'resources', 'notifications', 'provider_balances'];

/** Tables that have changed so much since the last ANALYZE that their plans may be very bad. */
const OUTGROWN = `
select s.relname as name from pg_stat_user_tables s join pg_class c on c.oid = s.relid
where s.relname = any($1) and s.n_mod_since_analyze > 500 + 2 * greatest(c.reltuples, 0)`;

/**
 * Analyzes tables that have about doubled in size since the last time. A statement that was prepared while a table was
 * nearly empty reads the whole table until it is analyzed, and autovacuum checks only once a minute at best.
 */
export async function analyzeOutgrown(database: Database): Promise<string[]> {
  const rows = await database.query<{ name: string }>(OUTGROWN, [TABLES]);
  const names = rows.map((row) => row.name);
  if (names.length > 0) await database.query(`select analyze_tables($1)`, [names]);
  return names;
}
