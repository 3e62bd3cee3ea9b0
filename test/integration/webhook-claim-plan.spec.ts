import { Client, type Pool } from 'pg';
import { newUuid } from '../../src/common/ids.js';
import { Database } from '../../src/database/database.js';
import { DeliveryClaims } from '../../src/webhooks/deliveries/delivery-claims.service.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';
import { withClient } from '../support/sql.js';

const CLAIMS = 10;

let place: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  place = await createDatabase();
  pool = openPool(place, 1);
});

afterAll(async () => {
  await pool.end();
  await place.drop();
});

async function msOf(claims: DeliveryClaims): Promise<number> {
  const startedAt = performance.now();
  for (let count = 0; count < CLAIMS; count += 1) {
    expect(await claims.claim()).toHaveLength(64);
    await pool.query(
      `update webhook_deliveries set is_sending = false, due_at = now() + interval '1 hour' where is_sending`,
    );
  }
  return (performance.now() - startedAt) / CLAIMS;
}

it('claims stay fast when the table fills after it was analyzed empty', async () => {
  const analyze = (): Promise<unknown> =>
    withClient(place.adminUrl, (client: Client) => client.query('vacuum (analyze) webhook_deliveries'));
  await analyze();
  const claims = new DeliveryClaims(new Database(pool));
  const endpoint = newUuid();
  await pool.query(
    `insert into webhook_endpoints (id, app_id, url, types) values ($1, $2, 'https://partner.example/', '{}')`,
    [endpoint, newUuid()],
  );
  for (let count = 0; count < 10; count += 1) await claims.claim();
  await pool.query(
    `insert into webhook_deliveries (endpoint_id, transaction_id, seq, id, app_id, event_id, type)
     select $1, gen_random_uuid(), 2, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'transaction.succeeded'
     from generate_series(1, 6000)`,
    [endpoint],
  );
  const beforeMs = await msOf(claims);
  await analyze();
  const afterMs = await msOf(claims);
  // With a plan for the empty table a claim takes fifty times as long.
  expect(beforeMs).toBeLessThan(10 * afterMs + 20);
}, 60_000);
