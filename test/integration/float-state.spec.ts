import type { Pool } from 'pg';
import { Database } from '../../src/database/database.js';
import { Balances } from '../../src/funds/balances.service.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';

/* The hours that a balance lasts, calculated from the sealed ledger of the last 24 hours. */

let place: TestDatabase;
let pool: Pool;
let balances: Balances;

beforeAll(async () => {
  place = await createDatabase();
  pool = openPool(place, 2);
  balances = new Balances(new Database(pool));
});

afterAll(async () => {
  await pool.end();
  await place.drop();
});

/** Inserts a seal from `hoursAgo` hours ago, with the balance of the account. */
async function sealed(no: number, hoursAgo: number, posted: number): Promise<void> {
  await pool.query(
    `insert into ledger_seals (no, from_at, to_at, rows, leaves, hash)
     values ($1, now() - $2 * interval '1 hour' - interval '1 second', now() - $2 * interval '1 hour', 1, '', '')`,
    [no, hoursAgo],
  );
  await pool.query(
    `insert into ledger_checkpoints (account_id, seal_no, held, posted)
     select id, $1, 0, $2 from ledger_accounts where owner = 'latcom'`,
    [no, posted],
  );
}

const hoursLeft = async (): Promise<string | null | undefined> => (await balances.state('latcom'))?.hoursLeft;

it('the float is the balance with its pace since the first purchase of the last 24 hours, as the ledger was sealed', async () => {
  await pool.query(`insert into ledger_accounts (owner_kind, owner, unit) values ('provider', 'latcom', 'MXN')`);
  // A balance of 100 dollars; each dollar buys 2000 centavos.
  await pool.query(
    `insert into provider_balances (id, provider, balance, currency, source, begun_at, unit_rate)
     values (gen_random_uuid(), 'latcom', 100, 'USD', 'query', now(), 2000)`,
  );
  expect(await hoursLeft()).toBeNull();
  await sealed(1, 48, 500_000);
  expect(await hoursLeft()).toBeNull();
  await sealed(2, 10, 540_000);
  expect(await hoursLeft()).toBe('50.0');
  await sealed(3, 0, 550_000);
  expect(await hoursLeft()).toBe('40.0');
});
