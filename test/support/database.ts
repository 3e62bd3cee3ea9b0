import { randomBytes } from 'node:crypto';
import { Client, Pool } from 'pg';

/** A migrated database for one test file. */
export interface TestDatabase {
  /** The URL of the role that the gateway uses. */
  readonly url: string;
  /** The URL of the owner, for tests that tamper with protected rows. */
  readonly adminUrl: string;
  /** Removes the database and closes all connections to it. The cluster is removed at the end of the run. */
  drop(): Promise<void>;
}

/** Clones the migrated template, which takes 30 to 60 ms. */
export async function createDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administer(`create database ${name} template ${fromSetup('TEST_DATABASE_TEMPLATE')}`);
  return {
    url: inDatabase(fromSetup('TEST_DATABASE_URL'), name),
    adminUrl: inDatabase(fromSetup('TEST_DATABASE_ADMIN_URL'), name),
    drop: () => administer(`drop database if exists ${name} with (force)`),
  };
}

function inDatabase(url: string, name: string): string {
  return Object.assign(new URL(url), { pathname: `/${name}` }).href;
}

/**
 * A pool on a test's database. `pool.end()` does not wait for its connections to close, so dropping the database right
 * after it can still cut one, and without a listener that would end the test's process.
 */
export function openPool(database: TestDatabase, max: number): Pool {
  const pool = new Pool({ connectionString: database.url, max });
  pool.on('error', () => undefined);
  return pool;
}

async function administer(statement: string): Promise<void> {
  const client = new Client({ connectionString: fromSetup('TEST_DATABASE_ADMIN_URL') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function fromSetup(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run the tests with \`npm test\``);
  return value;
}
