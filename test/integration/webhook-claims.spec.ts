import type { Pool } from 'pg';
import { newUuid } from '../../src/common/ids.js';
import { Database } from '../../src/database/database.js';
import { CLAIM, DeliveryClaims } from '../../src/webhooks/deliveries/delivery-claims.service.js';
import { createDatabase, openPool } from '../support/database.js';

let pool: Pool;
let claims: DeliveryClaims;

beforeEach(async () => {
  pool = openPool(await createDatabase(), 2);
  claims = new DeliveryClaims(new Database(pool));
});

afterEach(() => pool.end());

async function addEndpoint(): Promise<string> {
  const id = newUuid();
  await pool.query(
    `insert into webhook_endpoints (id, app_id, url, types, secret)
     values ($1, new_uuid(), 'https://example.com/', '{transaction.succeeded}', 'sealed')`,
    [id],
  );
  return id;
}

interface Waiting {
  readonly seq: number;
  readonly due: string;
  readonly isSending?: boolean;
  readonly isReplay?: boolean;
}

/** Adds a delivery of the endpoint for each number from 1 to `count`; the number is the transaction. */
async function addDeliveries(
  endpointId: string,
  count: number,
  { seq, due, isSending = false, isReplay = false }: Waiting,
): Promise<void> {
  await pool.query(
    `insert into webhook_deliveries (endpoint_id, transaction_id, seq, id, app_id, event_id, type, due_at, is_sending,
       is_replay)
     select $1, lpad(to_hex(n), 32, '0')::uuid, $2, new_uuid(), new_uuid(), new_uuid(), 'transaction.succeeded', ${due}, $3, $5
     from generate_series(1, $4) n`,
    [endpointId, seq, isSending, count, isReplay],
  );
}

it('among deliveries with one due time, those that wait for an earlier event do not hide it', async () => {
  const endpoint = await addEndpoint();
  await addDeliveries(endpoint, 200, { seq: 2, due: `'2026-01-01'` });
  await addDeliveries(endpoint, 200, { seq: 1, due: `'2026-01-01'` });
  const claimed = await claims.claim();
  expect(claimed.length).toBeGreaterThanOrEqual(8);
  expect(new Set(claimed.map(({ seq }) => seq))).toEqual(new Set([1]));
});

it('an endpoint with room is sent to at once, beside hundreds that hang', async () => {
  for (let count = 0; count < 200; count += 1) {
    const hanging = await addEndpoint();
    await addDeliveries(hanging, 8, { seq: 1, due: `now() + interval '20 s'`, isSending: true });
    await addDeliveries(hanging, 8, { seq: 2, due: `now() - interval '1 h'` });
  }
  const healthy = await addEndpoint();
  await addDeliveries(healthy, 1, { seq: 1, due: 'now()' });
  expect((await claims.claim()).map(({ endpointId }) => endpointId)).toEqual([healthy]);
});

/** Pages that PostgreSQL touches for the next claim. */
async function pagesOfClaim(): Promise<number> {
  const { rows } = await pool.query<{ 'QUERY PLAN': [{ Plan: { 'Shared Hit Blocks': number } }] }>(
    `explain (analyze, buffers, format json) ${CLAIM}`,
    [newUuid(), []],
  );
  return rows[0]?.['QUERY PLAN'][0].Plan['Shared Hit Blocks'] ?? Number.NaN;
}

it('a claim reads few rows, whatever waits, also with statistics from a time when nothing did', async () => {
  pool = openPool(await createDatabase(), 1);
  claims = new DeliveryClaims(new Database(pool));
  await claims.claim();
  const count = 30_000;
  const past = `now() - interval '1 h' + n * interval '1 ms'`;
  const live = await addEndpoint();
  await addDeliveries(live, count, { seq: 1, due: past });
  await claims.claim();
  expect(await pagesOfClaim()).toBeLessThan(600);

  const paused = await addEndpoint();
  await addDeliveries(paused, count, { seq: 1, due: past, isReplay: true });
  await pool.query(
    `update webhook_endpoints set replay_failures = 1, replay_due_at = now() + interval '1 h' where id = $1`,
    [paused],
  );
  const down = await addEndpoint();
  await pool.query(
    `update webhook_endpoints set failures = 3, failing_since = now(), next_probe_at = now() + interval '1 h'
    where id = $1`,
    [down],
  );
  await addDeliveries(down, count, { seq: 1, due: past });
  const disabled = await addEndpoint();
  await pool.query(`update webhook_endpoints set disabled_at = now(), disabled_reason = 'by_app' where id = $1`, [
    disabled,
  ]);
  await addDeliveries(disabled, count, { seq: 1, due: past });
  await pool.query(`update webhook_deliveries set due_at = null, state = 'delivered', ended_at = now(), delivered_at = now(), is_sending = false
    where is_sending`);
  expect(await pagesOfClaim()).toBeLessThan(4_000);
}, 120_000);

it('one instance claims in advance for an endpoint that is up; what it holds leaves no room to others', async () => {
  const endpoint = await addEndpoint();
  await addDeliveries(endpoint, 200, { seq: 1, due: 'now()' });
  const other = new DeliveryClaims(new Database(pool));
  expect(await claims.claim()).toHaveLength(64);
  expect(await other.claim()).toHaveLength(0);
  await pool.query('update webhook_deliveries set is_sending = false, due_at = now() where is_sending');
  expect(await other.claim([endpoint])).toHaveLength(8);
  expect(await claims.claim()).toHaveLength(0);
  await pool.query(
    `delete from webhook_deliveries where id in (select id from webhook_deliveries where is_sending limit 3)`,
  );
  expect(await claims.claim()).toHaveLength(3);
});
