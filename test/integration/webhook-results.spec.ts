import type { Pool } from 'pg';
import { newUuid } from '../../src/common/ids.js';
import { Database } from '../../src/database/database.js';
import { DeliveryClaims } from '../../src/webhooks/deliveries/delivery-claims.service.js';
import { DeliveryResults } from '../../src/webhooks/deliveries/delivery-results.service.js';
import type { ClaimedDelivery } from '../../src/webhooks/deliveries/delivery.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';

const ENDPOINTS = 24;
const ROUNDS = 40;

let place: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  place = await createDatabase();
  pool = openPool(place, 6);
});

afterAll(async () => {
  await pool.end();
  await place.drop();
});

async function claimAll(claims: DeliveryClaims): Promise<ClaimedDelivery[]> {
  const all: ClaimedDelivery[] = [];
  for (let found = await claims.claim(); found.length > 0; found = await claims.claim()) all.push(...found);
  return all;
}

/** The number of deadlocks in the test's database so far. */
async function deadlocks(): Promise<number> {
  await pool.query('select pg_stat_force_next_flush()');
  const { rows } = await pool.query<{ count: number }>(
    `select deadlocks::int as count from pg_stat_database where datname = current_database()`,
  );
  return rows[0]?.count ?? 0;
}

it('a late result and a claim of the same delivery do not wait for each other', async () => {
  const database = new Database(pool);
  const claims = new DeliveryClaims(database);
  const results = new DeliveryResults(database);
  const appId = newUuid();
  for (let count = 0; count < ENDPOINTS; count += 1) {
    const id = newUuid();
    const text = `insert into webhook_endpoints (id, app_id, url, types) values ($1::uuid, $2, 'https://' || $1, '{}')`;
    await pool.query(text, [id, appId]);
  }
  const down = { status: 503, error: null, durationMs: 1, retryAfterMs: null };
  for (let round = 0; round < ROUNDS; round += 1) {
    await pool.query('delete from webhook_deliveries');
    await pool.query('update webhook_endpoints set failures = 0, failing_since = null, next_probe_at = null');
    await pool.query(
      `insert into webhook_deliveries (endpoint_id, transaction_id, seq, id, app_id, event_id, type)
       select p.id, gen_random_uuid(), 1, gen_random_uuid(), p.app_id, gen_random_uuid(), 'transaction.succeeded'
       from webhook_endpoints p`,
    );
    const claimed = await claimAll(claims);
    expect(claimed).toHaveLength(ENDPOINTS);
    // The leases end before the answers are written.
    await pool.query(`update webhook_deliveries set due_at = now() - interval '1 ms'`);
    await Promise.all([
      ...claimed.map((delivery) => results.write(delivery, down)),
      ...Array.from({ length: 4 }, () => claims.claim()),
    ]);
  }
  expect(await deadlocks()).toBe(0);
}, 60_000);
