import { Client } from 'pg';
import { createDatabase, type TestDatabase } from '../../support/database.js';
import { startGateway } from '../../support/gateway.js';
import { startProcess, type Exit } from '../../support/processes.js';

/** Names of migrations of the versions before the first release: their first and their last. */
const OLD = ['Foundation1795219200000', 'AuditAddresses1795227000000'];
const REFUSAL = /from before the first release \(its first migration is Foundation1795219200000.*Nothing was changed/s;

let database: TestDatabase;

beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database.drop());

async function sql(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: database.adminUrl });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text, values)).rows;
  } finally {
    await client.end();
  }
}

/**
 * Makes the database look like one of an early version: its names in `migrations`, and a missing grant that a migration
 * would restore.
 */
async function makeOld(): Promise<void> {
  await sql('delete from migrations');
  await sql(
    `insert into migrations ("timestamp", name) select right(name, 13)::bigint, name from unnest($1::text[]) name`,
    [OLD],
  );
  await sql('revoke insert on transactions from gateway');
}

/** All rows, objects and grants that a migration could change. */
function contents(): Promise<Record<string, unknown>[]> {
  return sql(`
    select (select json_agg(m order by id) from public.migrations m) as migrations,
      (select json_agg((relname, relacl, relnatts) order by relname) from pg_class
       where relnamespace = 'public'::regnamespace) as relations,
      (select json_agg((proname, xmin) order by proname) from pg_proc
       where pronamespace = 'public'::regnamespace) as functions`);
}

async function migrate(): Promise<{ exit: Exit; output: string }> {
  const child = startProcess('cli/migrate.js', {
    DATABASE_URL: database.url,
    DATABASE_MIGRATION_URL: database.adminUrl,
  });
  return { exit: await child.exited, output: child.output() };
}

it('a database from before the first release is refused at the start, and nothing in it changes', async () => {
  await makeOld();
  const before = await contents();
  for (const env of [{}, { DATABASE_MIGRATION_URL: database.adminUrl }]) {
    const failure = String(await startGateway({ databaseUrl: database.url, env }).catch((error: unknown) => error));
    expect(failure).toContain('code 78');
    expect(failure).toMatch(REFUSAL);
    expect(failure).toContain('GET /v1/admin/transactions/export');
  }
  expect(await contents()).toEqual(before);
});

it('a database from before the first release is refused by migrate.js, and nothing in it changes', async () => {
  await makeOld();
  const before = await contents();
  const { exit, output } = await migrate();
  expect(exit.code).toBe(78);
  expect(output).toMatch(REFUSAL);
  expect(await contents()).toEqual(before);
});

it('a database that a later version has migrated is used unchanged', async () => {
  await sql(`insert into migrations ("timestamp", name) values (1999000000000, 'Later1999000000000')`);
  const before = await contents();
  expect(await migrate()).toEqual({ exit: { code: 0, signal: null }, output: '' });
  const gateway = await startGateway({ databaseUrl: database.url });
  expect((await gateway.request('GET', '/health/ready')).status).toBe(200);
  await gateway.stop();
  expect(await contents()).toEqual(before);
});

describe('a database that cannot be migrated is refused by the start and by migrate.js, with the reason', () => {
  it.each<[string, readonly string[], RegExp]>([
    [
      'that has the table of migrations of another program',
      ['drop table migrations', 'create table migrations (id int, migration text, batch int)'],
      /belongs to another program.*the table migrations in the schema public/,
    ],
    [
      'that has tables of the same names, but no migrations',
      ['delete from migrations'],
      /belongs to another program, or is a part of a dump: .* already exists/,
    ],
    [
      'without a schema for the role',
      [`do $$ begin execute format('alter database %I set search_path = nowhere', current_database()); end $$`],
      /search_path of the database role \w+ \(nowhere\) leads to no schema/,
    ],
  ])('%s', async (_what, statements, reason) => {
    for (const statement of statements) await sql(statement);
    const before = await contents();
    const env = { DATABASE_MIGRATION_URL: database.adminUrl };
    const failure = String(await startGateway({ databaseUrl: database.url, env }).catch((error: unknown) => error));
    expect(failure).toContain('code 78');
    expect(failure).toMatch(reason);
    const { exit, output } = await migrate();
    expect(exit.code).toBe(78);
    expect(output).toMatch(reason);
    expect(await contents()).toEqual(before);
  });
});

it('migrate.js says in two lines why it cannot migrate', async () => {
  const child = startProcess('cli/migrate.js', { DATABASE_URL: 'postgres://user:secret@127.0.0.1:1/loyalty' });
  expect((await child.exited).code).toBe(1);
  expect(child.output()).toMatch(
    /^The gateway could not migrate its database: .*ECONNREFUSED.*\nCheck DATABASE_URL.*\n$/,
  );
});
