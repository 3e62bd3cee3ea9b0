import { Client } from 'pg';
import { createDatabase, type TestDatabase } from './support/database.js';
import { startGateway } from './support/gateway.js';

/** A database whose clock is off: its own function of that name is found before PostgreSQL's. */
async function withClock(offset: string): Promise<TestDatabase> {
  const database = await createDatabase();
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query(`create schema shifted`);
  await client.query(
    `create function shifted.clock_timestamp() returns timestamptz language sql volatile
     as $$ select pg_catalog.clock_timestamp() + interval '${offset}' $$`,
  );
  const name = new URL(database.url).pathname.slice(1);
  await client.query(`alter database ${name} set search_path = shifted, pg_catalog, public`);
  await client.end();
  return database;
}

it.each([
  ['3 seconds', 'behind the database'],
  ['-3 seconds', 'ahead of the database'],
])('does not start when the database is off by %s', async (offset, words) => {
  const database = await withClock(offset);
  await expect(startGateway({ databaseUrl: database.url })).rejects.toThrow(words);
  await database.drop();
});

it('starts when the clocks differ by a second', async () => {
  const database = await withClock('1 second');
  const gateway = await startGateway({ databaseUrl: database.url });
  expect(await gateway.stop()).toEqual({ code: 0, signal: null });
  await database.drop();
});
