import { DatabaseError } from 'pg';
import { QueryFailedError } from 'typeorm';
import { ConfigError } from '../config/config.js';
import type { Database } from './database.js';
import { Baseline1795231600000 } from './migrations/1795231600000-baseline.js';

/** `columns` is null when the schema has no table `migrations`, because no migration has run. */
const STATE = `
select current_schema() as schema, current_user as role, current_setting('search_path') as path,
  (select array_agg(attname::text) from pg_attribute
   where attrelid = to_regclass(quote_ident(current_schema()) || '.migrations') and attnum > 0) as columns`;

const FIRST = `select name from migrations order by "timestamp", id limit 1`;

/** SQLSTATEs of a table, function or other object whose name is taken. */
const TAKEN = new Set(['42P07', '42723', '42710']);

interface State extends Record<string, unknown> {
  readonly schema: string | null;
  readonly role: string;
  readonly path: string;
  readonly columns: readonly string[] | null;
}

/**
 * Refuses a database that cannot be migrated: one without a schema for the role, one of another program, and one whose
 * first migration is not the baseline, because a version from before the first release created it and no migrations lead
 * from there. A database that a later version has migrated is accepted. Only reads.
 *
 * @returns true when no migration has run
 * @throws ConfigError with the remedy
 */
export async function refuseUnusable(database: Database): Promise<boolean> {
  const [state] = await database.query<State>(STATE);
  if (!state?.schema) throw withoutSchema(state);
  if (!state.columns) return true;
  if (!['id', 'timestamp', 'name'].every((column) => state.columns?.includes(column))) {
    throw foreign(`the table migrations in the schema ${state.schema} is not the gateway's`);
  }
  const [first] = await database.query<{ name: string }>(FIRST);
  const baseline = Baseline1795231600000.name;
  if (first && first.name !== baseline) throw unreleased(first.name, baseline);
  return first === undefined;
}

/** An error of the baseline as a refusal, when the database already has an object of that name. */
export function asRefusal(error: unknown): unknown {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const found: unknown = cause instanceof QueryFailedError ? cause.driverError : cause;
  return found instanceof DatabaseError && TAKEN.has(found.code ?? '') ? foreign(found.message) : error;
}

function withoutSchema(state: State | undefined): ConfigError {
  return new ConfigError([
    `The search_path of the database role ${state?.role} (${state?.path}) leads to no schema. Create the schema, or correct ` +
      'the search_path (alter role … set search_path = …). Nothing was changed',
  ]);
}

function foreign(why: string): ConfigError {
  return new ConfigError([
    `The database belongs to another program, or is a part of a dump: ${why}. Give the gateway a database of its own, or a ` +
      'schema of its own by the search_path of its roles; restore a dump as a whole. No data was changed',
  ]);
}

function unreleased(first: string, baseline: string): ConfigError {
  return new ConfigError([
    `The database was created by a version from before the first release (its first migration is ${first}, not ` +
      `${baseline}), or by another program, and cannot be migrated. Export the data that you need, with that version (GET ` +
      '/v1/admin/transactions/export) or with pg_dump. Then start with a new database: set another DATABASE_URL, or ' +
      'another DATA_DIR for the embedded database. Nothing was changed',
  ]);
}
