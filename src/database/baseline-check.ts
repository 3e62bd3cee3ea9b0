import { ConfigError } from '../config/config.js';
import type { Database } from './database.js';
import { Baseline1795231600000 } from './migrations/1795231600000-baseline.js';

/** null: no migration has run, or the schema does not exist. */
const TABLE = `select to_regclass(format('%I.migrations', current_schema()))::text as name`;

const FIRST = `select name from migrations order by "timestamp", id limit 1`;

/**
 * Refuses a database whose first migration is not the baseline: a version from before the first release created it, and
 * no migrations lead from there. A database that a later version has migrated is accepted. Only reads.
 *
 * @throws ConfigError with the remedy
 */
export async function refuseUnreleased(database: Database): Promise<void> {
  const [table] = await database.query<{ name: string | null }>(TABLE);
  if (!table?.name) return;
  const [first] = await database.query<{ name: string }>(FIRST);
  const baseline = Baseline1795231600000.name;
  if (!first || first.name === baseline) return;
  throw new ConfigError([
    `The database was created by a version from before the first release (its first migration is ${first.name}, not ` +
      `${baseline}) and cannot be migrated. Export the data that you need, with that version (GET ` +
      '/v1/admin/transactions/export) or with pg_dump. Then start with a new database: set another DATABASE_URL, or ' +
      'another DATA_DIR for the embedded database. Nothing was changed',
  ]);
}
