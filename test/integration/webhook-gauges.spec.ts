import type { Pool } from 'pg';
import { registry } from '../../src/common/metrics.js';
import { newUuid } from '../../src/common/ids.js';
import { Database } from '../../src/database/database.js';
import { DeliveryGauges } from '../../src/webhooks/deliveries/delivery-gauges.job.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';

let place: TestDatabase;
let pool: Pool;
let gauges: DeliveryGauges;

beforeAll(async () => {
  place = await createDatabase();
  pool = openPool(place, 2);
  gauges = new DeliveryGauges(new Database(pool));
});

afterAll(async () => {
  await pool.end();
  await place.drop();
});

async function endpoint(appId: string | null, state: 'enabled' | 'failing' | 'disabled' = 'enabled'): Promise<string> {
  const id = newUuid();
  await pool.query(
    `insert into webhook_endpoints (id, app_id, url, types, failures, failing_since, next_probe_at, disabled_at,
       disabled_reason)
     select $1::uuid, $2, 'https://partner.example/' || $1::uuid, '{}', f::int, case when f then now() end, case when f then now() end,
       case when d then now() end, case when d then 'by_app' end
     from (select $3 = 'failing' as f, $3 = 'disabled' as d) s`,
    [id, appId, state],
  );
  return id;
}

interface Delivery {
  readonly transaction?: string;
  readonly seq?: number;
  readonly type?: string;
  readonly state?: string;
  readonly age: string;
}

/** Its event happened that long ago too: ids begin with the time. */
async function delivery(endpointId: string, appId: string, changes: Delivery): Promise<void> {
  const { transaction = newUuid(), seq = 2, type = 'transaction.succeeded', state = 'pending', age } = changes;
  await pool.query(
    `insert into webhook_deliveries (endpoint_id, transaction_id, seq, id, app_id, event_id, type, state, due_at, ended_at,
       delivered_at, created_at)
     select $1, $2, $3, gen_random_uuid(), $4, (ms || right(replace(new_uuid()::text, '-', ''), 20))::uuid, $5, $6,
       case when $6 = 'pending' then t end, case when $6 <> 'pending' then t end, case when $6 = 'delivered' then t end, t
     from (select now() - $7::interval as t) x
     cross join lateral (select lpad(to_hex((extract(epoch from t) * 1000)::bigint), 12, '0') as ms) i`,
    [endpointId, transaction, seq, appId, type, state, age],
  );
}

/** The event of a transaction that ended; endpoints that are enabled get a delivery. */
async function event(appId: string, age: string, status = 'succeeded'): Promise<void> {
  await pool.query(
    `insert into transaction_events (id, transaction_id, app_id, seq, at, from_status, to_status, actor, evidence)
     select new_uuid(), new_uuid(), $1, 2, now() - $2::interval, 'pending', $3, 'test', 'answer'`,
    [appId, age, status],
  );
}

async function shown(name: string): Promise<string[]> {
  const lines = (await registry.metrics()).split('\n');
  return lines.filter((line) => line.startsWith(name)).map((line) => line.slice(name.length).trim());
}

it('endpoints by state, what waits, and the oldest delivery that could be sent', async () => {
  const app = newUuid();
  const up = await endpoint(app);
  const down = await endpoint(app, 'failing');
  const off = await endpoint(app, 'disabled');
  await gauges.showWaiting();
  expect(await shown('gateway_webhook_endpoints')).toEqual([
    '{state="enabled"} 1',
    '{state="failing"} 1',
    '{state="disabled"} 1',
  ]);
  expect(await shown('gateway_webhook_oldest_seconds')).toEqual(['0']);
  await delivery(down, app, { age: '3 hours' });
  await delivery(off, app, { age: '4 hours' });
  // It waits for an earlier event, which is refused at the moment.
  const transaction = newUuid();
  await delivery(up, app, { transaction, seq: 1, age: '-1 hour' });
  await delivery(up, app, { transaction, seq: 2, age: '2 hours' });
  await delivery(up, app, { age: '10 seconds' });
  await delivery(up, app, { age: '5 hours', state: 'delivered' });
  await gauges.showWaiting();
  expect(await shown('gateway_webhook_waiting')).toEqual(['5']);
  const [oldest] = await shown('gateway_webhook_oldest_seconds');
  expect(Number(oldest)).toBeGreaterThan(9);
  expect(Number(oldest)).toBeLessThan(20);
});

it('an app is untold of a transaction that is final for an hour and that none of its endpoints has taken', async () => {
  const [told, untold, operators] = [newUuid(), newUuid(), newUuid()];
  const [one, two] = [await endpoint(told), await endpoint(told)];
  const transaction = newUuid();
  await delivery(one, told, { transaction, age: '2 hours' });
  await delivery(two, told, { transaction, age: '2 hours', state: 'delivered' });
  const [first, second] = [await endpoint(untold), await endpoint(untold, 'disabled')];
  const twice = newUuid();
  await delivery(first, untold, { transaction: twice, age: '2 hours' });
  await delivery(second, untold, { transaction: twice, age: '2 hours', state: 'refused' });
  await delivery(first, untold, { age: '2 days', state: 'expired' });
  // These do not count: not yet an hour, not final, too old.
  await delivery(first, untold, { age: '59 minutes' });
  await delivery(first, untold, { age: '2 hours', type: 'transaction.unknown' });
  await delivery(first, untold, { age: '8 days' });
  await delivery(await endpoint(null), operators, { age: '2 hours' });
  await gauges.showUntold();
  const other = (line: string): boolean => line.includes(told) || line.includes(untold) || line.includes(operators);
  expect((await shown('gateway_webhook_untold')).filter(other)).toEqual([`{app="app_${untold}"} 2`]);
});

/** Its endpoints want `types`, and were made three days ago. */
async function wants(appId: string, types: readonly string[]): Promise<void> {
  await pool.query(
    `update webhook_endpoints set types = $2, created_at = now() - interval '3 days', updated_at = now() - interval '3 days'
     where app_id = $1`,
    [appId, types],
  );
}

it('an app is untold of what happened while its only endpoint was disabled', async () => {
  const [off, again, half, other, removed] = [newUuid(), newUuid(), newUuid(), newUuid(), newUuid()];
  for (const app of [off, half, other, removed]) await endpoint(app, 'disabled');
  const healthy = await endpoint(half);
  await endpoint(again, 'disabled');
  for (const app of [off, again, half, removed]) await wants(app, ['transaction.succeeded']);
  await wants(other, ['transaction.failed']);
  await pool.query(
    `insert into apps (id, name, scopes, deleted_at) values ($1, 'removed', '{}', now() - interval '1 day')`,
    [removed],
  );
  for (const app of [off, again, half, other, removed]) await event(app, '2 hours');
  await pool.query(
    `update webhook_deliveries set state = 'delivered', delivered_at = now(), due_at = null, ended_at = now()
    where endpoint_id = $1`,
    [healthy],
  );
  // These do not count: before the endpoint, not yet an hour, of another type.
  await event(off, '4 days');
  await event(off, '50 minutes');
  await event(off, '2 hours', 'unknown');
  await pool.query(
    `update webhook_endpoints set disabled_at = null, disabled_reason = null, updated_at = now() where app_id = $1`,
    [again],
  );
  await gauges.showUntold();
  const apps = [off, again, half, other, removed];
  const lines = (await shown('gateway_webhook_untold')).filter((line) => apps.some((app) => line.includes(app)));
  expect(lines.sort()).toEqual([`{app="app_${off}"} 1`, `{app="app_${again}"} 1`].sort());
});
