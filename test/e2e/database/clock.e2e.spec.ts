import { createDatabase, type TestDatabase } from '../../support/database.js';
import { startGateway, type Gateway } from '../../support/gateway.js';
import { query } from '../../support/sql.js';

/** A database with a wrong clock: a function in its search path hides PostgreSQL's own. */
async function withClock(offset: string): Promise<TestDatabase> {
  const database = await createDatabase();
  const name = new URL(database.url).pathname.slice(1);
  await query(
    database.adminUrl,
    `create schema shifted;
     create function shifted.clock_timestamp() returns timestamptz language sql volatile
     as $$ select pg_catalog.clock_timestamp() + interval '${offset}' $$;
     alter database ${name} set search_path = shifted, pg_catalog, public`,
  );
  return database;
}

/** With this search path the database has no tables, so the owner's role must migrate it. */
function start(database: TestDatabase): Promise<Gateway> {
  return startGateway({ databaseUrl: database.url, env: { DATABASE_MIGRATION_URL: database.adminUrl } });
}

it.each([
  ['3 seconds', 'behind the database'],
  ['-3 seconds', 'ahead of the database'],
])('the gateway does not start when the database clock is off by %s', async (offset, words) => {
  const database = await withClock(offset);
  await expect(start(database)).rejects.toThrow(words);
  await database.drop();
});

it('the gateway starts when the database clock is off by one second', async () => {
  const database = await withClock('1 second');
  const gateway = await start(database);
  expect(await gateway.stop()).toEqual({ code: 0, signal: null });
  await database.drop();
});
