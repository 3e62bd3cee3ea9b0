import type { Pool } from 'pg';
import { newUuid, publicId } from '../../src/common/ids.js';
import { Database } from '../../src/database/database.js';
import { DeliveryClaims } from '../../src/webhooks/deliveries/delivery-claims.service.js';
import { DeliveryResults, type DisabledEndpoint } from '../../src/webhooks/deliveries/delivery-results.service.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';

/* What attempts do to the health of an endpoint. Days are not waited for: the times in the rows are moved back. */

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const WAITING = 12;

let place: TestDatabase;
let pool: Pool;
let claims: DeliveryClaims;
let results: DeliveryResults;
let endpoint: string;

beforeEach(async () => {
  place = await createDatabase();
  pool = openPool(place, 4);
  const database = new Database(pool);
  claims = new DeliveryClaims(database);
  results = new DeliveryResults(database);
  endpoint = newUuid();
  await pool.query(
    `insert into webhook_endpoints (id, app_id, url, types, secret) values ($1, new_uuid(), 'https://example.com/', '{}', 'x')`,
    [endpoint],
  );
  await pool.query(
    `insert into webhook_deliveries (endpoint_id, transaction_id, seq, id, app_id, event_id, type)
     select $1, new_uuid(), 1, new_uuid(), new_uuid(), new_uuid(), 'transaction.succeeded' from generate_series(1, $2)`,
    [endpoint, WAITING],
  );
});

afterEach(async () => {
  await pool.end();
  await place.drop();
});

interface State {
  readonly failures: number;
  readonly reason: string | null;
  readonly room: number;
  readonly isFailing: boolean;
  /** Milliseconds until the next probe; null: the endpoint is up. */
  readonly probeMs: number | null;
}

async function state(): Promise<State> {
  const { rows } = await pool.query<State>(
    `select failures, disabled_reason as reason, max_in_flight as room, failing_since is not null as "isFailing",
       (extract(epoch from next_probe_at - now()) * 1000)::float8 as "probeMs"
     from webhook_endpoints where id = $1`,
    [endpoint],
  );
  const [row] = rows;
  if (!row) throw new Error('the endpoint is gone');
  return row;
}

/** Sends what is due, and is answered with `status`. Returns the number of requests and what was disabled. */
async function send(status: number): Promise<{ requests: number; disabled: readonly DisabledEndpoint[] }> {
  const claimed = await claims.claim();
  const result = { status, error: null, durationMs: 1, retryAfterMs: null };
  const disabled = await Promise.all(claimed.map((delivery) => results.write(delivery, result)));
  return { requests: claimed.length, disabled: disabled.flat() };
}

/** The same when the next probe, and every delivery that waits, is due. */
async function probe(status: number): ReturnType<typeof send> {
  await pool.query(`update webhook_deliveries set due_at = now() where due_at is not null and not is_sending`);
  await pool.query(`update webhook_endpoints set next_probe_at = now() where failures > 0`);
  return send(status);
}

async function failFor(ms: number): Promise<void> {
  await pool.query(`update webhook_endpoints set failing_since = now() - $1 * interval '1 ms'`, [ms]);
}

async function auditLines(): Promise<unknown[]> {
  const { rows } = await pool.query<{ detail: unknown }>(
    `select detail from audit_log where action = 'webhook_endpoint.disable' and target = $1`,
    [publicId('whep', endpoint)],
  );
  return rows.map(({ detail }) => detail);
}

/** Fails until the endpoint has this number of failures in a row: the first requests count as one. */
async function failTimes(failures: number): Promise<void> {
  await send(503);
  for (let count = 1; count < failures; count += 1) expect((await probe(503)).requests).toBe(1);
  expect(await state()).toMatchObject({ failures, reason: null });
}

it('an endpoint that was down for 5 days is disabled by its 20th failure, not by an earlier one', async () => {
  await failTimes(1);
  await failFor(6 * DAY_MS);
  for (let failures = 2; failures < 20; failures += 1) {
    expect((await probe(503)).disabled).toEqual([]);
    expect(await state()).toMatchObject({ failures, reason: null });
  }
  expect(await auditLines()).toEqual([]);
  expect((await probe(503)).disabled).toEqual([
    { id: endpoint, appId: expect.any(String) as string, reason: 'failing' },
  ]);
  expect(await state()).toMatchObject({ failures: 20, reason: 'failing' });
  expect(await auditLines()).toEqual([{ reason: 'failing' }]);
  expect((await probe(503)).requests).toBe(0);
});

it('an endpoint with more than 20 failures is disabled after 5 days, not before', async () => {
  await failTimes(25);
  await failFor(5 * DAY_MS - MINUTE_MS);
  expect((await probe(503)).disabled).toEqual([]);
  expect(await state()).toMatchObject({ failures: 26, reason: null });
  await failFor(5 * DAY_MS + MINUTE_MS);
  expect((await probe(503)).disabled).toHaveLength(1);
  expect(await state()).toMatchObject({ failures: 27, reason: 'failing' });
});

it.each([200, 422])('one answer of %i forgets all failures', async (status) => {
  await failTimes(19);
  await failFor(6 * DAY_MS);
  await probe(status);
  expect(await state()).toMatchObject({ failures: 0, isFailing: false, probeMs: null, reason: null });
  expect((await probe(503)).disabled).toEqual([]);
  expect(await state()).toMatchObject({ failures: 1, isFailing: true, reason: null });
});

it('one 410 disables an endpoint at once, and nothing more is sent', async () => {
  const { requests, disabled } = await send(410);
  expect([requests, disabled.length]).toEqual([WAITING, 1]);
  expect(await state()).toMatchObject({ reason: 'gone' });
  expect(await auditLines()).toEqual([{ reason: 'gone' }]);
  expect((await probe(200)).requests).toBe(0);
});

it('a 410 that answers a probe disables too', async () => {
  await failTimes(3);
  expect((await probe(410)).disabled).toHaveLength(1);
  expect(await state()).toMatchObject({ reason: 'gone' });
});

it('requests that began before a failure is known count as one, and each probe as one', async () => {
  const begun = await claims.claim();
  expect(begun).toHaveLength(WAITING);
  for (const delivery of begun) {
    await results.write(delivery, { status: 503, error: null, durationMs: 1, retryAfterMs: null });
    expect(await state()).toMatchObject({ failures: 1, room: 1 });
  }
  // All of them are due again, and the next probe is not.
  await pool.query(`update webhook_deliveries set due_at = now()`);
  expect((await send(503)).requests).toBe(0);
  expect((await probe(503)).requests).toBe(1);
  const { failures, probeMs } = await state();
  expect(failures).toBe(2);
  expect(probeMs).toBeGreaterThan(23_000);
  expect(probeMs).toBeLessThanOrEqual(36_000);
});

it('while a probe is on its way no other one is sent, also when earlier requests still hang', async () => {
  // Nothing is claimed in advance for a slow endpoint.
  const hanging = await claims.claim([endpoint]);
  const [first, ...others] = hanging;
  expect(others).toHaveLength(7);
  if (first) await results.write(first, { status: null, error: 'timeout', durationMs: 15_000, retryAfterMs: null });
  expect((await claims.claim()).length).toBe(0);
  await pool.query(`update webhook_endpoints set next_probe_at = now()`);
  expect(await claims.claim()).toEqual([expect.objectContaining({ isProbe: true })]);
  expect(await claims.claim()).toEqual([]);
  expect((await state()).probeMs).toBeGreaterThan(55_000);
});
