import type { DataSource } from 'typeorm';
import { asRefusal, refuseUnusable } from './baseline-check.js';
import { createDataSource, poolOf } from './data-source.js';
import { Database } from './database.js';
import { grantApplication } from './grants.js';
import { refuseSharedSessions } from './pooler-check.js';
import { grantReader } from './reader-grants.js';

/** Key of the advisory lock: one instance migrates, the others wait. */
const MIGRATION_LOCK = 4_217_001;
/** A migration of a large database takes a long time, and other instances wait for the lock. */
const NO_TIMEOUT = 0;

/** The hint after a failed migration. */
export const MIGRATION_HINT =
  'Check DATABASE_URL and DATABASE_MIGRATION_URL: host, port, user, password and database. The server must run and ' +
  'accept connections from this host. The user of DATABASE_MIGRATION_URL, or without it that of DATABASE_URL, must ' +
  'own the schema (PostgreSQL 15 or newer).';

/** Identifies a database and its server, whatever the host name in the URL. */
const IDENTITY = `
select d.oid || ' since ' || pg_postmaster_start_time() as place, current_user as role, current_schema() as schema
from pg_database d where d.datname = current_database()`;

interface DatabaseIdentity extends Record<string, unknown> {
  readonly place: string;
  readonly role: string;
  readonly schema: string | null;
}

/**
 * Migrates the schema as the role of `migrationUrl`, and grants the role of `url` the privileges it needs. Without
 * `migrationUrl` the role of `url` migrates. The role `reader` gets read access to the data for reports. Safe when
 * several instances start at once.
 *
 * @throws ConfigError for a database that cannot be migrated, before anything in it is changed
 */
export async function migrateSchema(
  url: string,
  migrationUrl: string | null,
  reader: string | null = null,
): Promise<void> {
  if (migrationUrl === null) {
    return withSource(url, async (source) => {
      await refuseSharedSessions(poolOf(source), 'DATABASE_URL');
      await migrate(source, { reader });
    });
  }
  // A new data source each time: it caches the first schema it sees, and before the grants it may see none.
  const user = await withSource(url, async (source) => {
    await refuseSharedSessions(poolOf(source), 'DATABASE_URL');
    return identityOf(source);
  });
  const owner = await withSource(migrationUrl, async (source) => {
    await refuseSharedSessions(poolOf(source), 'DATABASE_MIGRATION_URL');
    const found = await identityOf(source);
    if (user.place !== found.place) throw new Error('DATABASE_URL and DATABASE_MIGRATION_URL name different databases');
    await migrate(source, { reader, ...(user.role !== found.role && { application: user.role }) });
    return found;
  });
  const { schema } = await withSource(url, identityOf);
  if (schema === owner.schema) return;
  throw new Error(`the search_path of ${user.role} leads to ${schema}, that of ${owner.role} to ${owner.schema}`);
}

async function withSource<T>(url: string, work: (source: DataSource) => Promise<T>): Promise<T> {
  const source = createDataSource(url, [], NO_TIMEOUT);
  await source.initialize();
  try {
    return await work(source);
  } finally {
    await source.destroy();
  }
}

/** Roles other than the one that migrates. */
interface Roles {
  readonly application?: string;
  readonly reader: string | null;
}

async function migrate(source: DataSource, { application, reader }: Roles): Promise<void> {
  if (reader !== null && [application, (await identityOf(source)).role].includes(reader)) {
    throw new Error(`DATABASE_READER_ROLE names the role ${reader}, which already has another task`);
  }
  const runner = source.createQueryRunner();
  try {
    await runner.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    try {
      const database = new Database(poolOf(source));
      const isNew = await refuseUnusable(database);
      await source.runMigrations().catch((error: unknown) => {
        throw isNew ? asRefusal(error) : error;
      });
      if (application !== undefined) await grantApplication(database, application);
      if (reader !== null) await grantReader(database, reader);
    } finally {
      await runner.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    }
  } finally {
    await runner.release();
  }
}

async function identityOf(source: DataSource): Promise<DatabaseIdentity> {
  const [found] = await new Database(poolOf(source)).query<DatabaseIdentity>(IDENTITY);
  if (!found) throw new Error('the current database was not found in pg_database');
  return found;
}
