import type { Database } from '../../database/database.js';

/** The tables that the hot statements look rows up in. */
const TABLES = ['transactions', 'resources', 'notifications', 'provider_balances'];

/** Changed so much since it was last looked at that a plan made for it then may be wrong by far. */
const OUTGROWN = `
select s.relname as name from pg_stat_user_tables s join pg_class c on c.oid = s.relid
where s.relname = any($1) and s.n_mod_since_analyze > 500 + 2 * greatest(c.reltuples, 0)`;

/**
 * A statement that was prepared while a table was nearly empty keeps reading the whole table until the table is
 * analysed, and autovacuum looks once a minute at best. Growth is logarithmic in this: a table is analysed when it has
 * about doubled.
 */
export async function analyzeOutgrown(database: Database): Promise<string[]> {
  const rows = await database.query<{ name: string }>(OUTGROWN, [TABLES]);
  const names = rows.map((row) => row.name);
  if (names.length > 0) await database.query(`select analyze_tables($1)`, [names]);
  return names;
}
