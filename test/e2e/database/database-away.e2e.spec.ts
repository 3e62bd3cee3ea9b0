import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { startDatabaseProxy, type DatabaseProxy } from '../../support/database-proxy.js';
import { startGateway, type Gateway } from '../../support/gateway.js';
import { at, textAt, type Answer } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { answer, approval, startLatcomStub, type LatcomStub, type PurchaseCall } from '../../support/latcom-stub.js';
import { sendJson, startLoyaltyLayerStub, issued, type LoyaltyLayerStub } from '../../support/loyalty-layer-stub.js';
import { alarms } from '../../support/metrics.js';
import { useUpQuota } from '../../support/quota.js';
import { eventually } from '../../support/wait.js';
import { pass, startWorld, topup, type World } from '../../support/world.js';

/** Longer than the time for which an app's key stays in memory. */
const KEY_FORGOTTEN_MS = 3_500;
const AWAY_MS = 10_000;

let world: World;
let latcom: LatcomStub;
let loyaltyLayer: LoyaltyLayerStub;
let proxy: DatabaseProxy;
/** A gateway that reaches its database only through the proxy. */
let gateway: Gateway;

beforeAll(async () => {
  [latcom, loyaltyLayer] = await Promise.all([startLatcomStub(), startLoyaltyLayerStub()]);
  world = await startWorld({
    gateway: {
      LATCOM_BASE_URL: latcom.baseUrl,
      LATCOM_TIMEOUT_MS: '30000',
      LOYALTY_LAYER_BASE_URL: loyaltyLayer.baseUrl,
      LOYALTY_LAYER_BATCH_MAX_SIZE: '3',
    },
  });
  // The world's own gateway only created the app. It is stopped, so that it does not claim queued work.
  await world.gateway().stop();
  proxy = await startDatabaseProxy(world.database.url);
  gateway = await startGateway({ databaseUrl: proxy.url, env: world.env });
}, 60_000);

afterAll(async () => {
  proxy.restore();
  await gateway.stop();
  await Promise.all([latcom.close(), loyaltyLayer.close(), proxy.close()]);
});

function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return gateway.request('POST', path, {
    auth: world.partner,
    body,
    headers: { 'idempotency-key': unique('away'), prefer: 'wait=0', ...headers },
  });
}

function ended(id: string, timeoutMs = 30_000): Promise<Answer> {
  return eventually(
    timeoutMs,
    () => gateway.request('GET', `/v1/transactions/${id}`, { auth: world.partner }),
    (one) => one.status === 200 && !['pending', 'processing'].includes(String(at(one.body, 'status'))),
  );
}

/** Interrupts the database when a purchase arrives, answers the purchase, and restores the database after `AWAY_MS`. */
function awayDuring(answerWith: (call: PurchaseCall) => void): void {
  latcom.behave = (call) => {
    latcom.behave = ({ socket, body }) => void socket.end(answer(200, approval(body)));
    proxy.cut();
    setTimeout(() => answerWith(call), KEY_FORGOTTEN_MS);
    setTimeout(() => proxy.restore(), AWAY_MS);
  };
}

describe('when the database fails between a call and its answer,', () => {
  it('a top-up that LATCOM approved succeeds', async () => {
    awayDuring(({ socket, body }) => void socket.end(answer(200, approval(body))));
    const id = textAt((await post('/v1/topups', topup())).body, 'id');
    await sleep(AWAY_MS);
    expect((await ended(id)).body).toMatchObject({ status: 'succeeded' });
    expect(latcom.arrived.get(bareId(id))).toBe(1);
  }, 60_000);

  it.each([
    ['429', () => answer(429, '{"success":false}', { 'retry-after': '1' })],
    ['401', () => answer(401, '{"success":false}')],
  ])(
    'a top-up that LATCOM refused with %s before executing it is sent again and does not become unknown',
    async (_, refusal) => {
      awayDuring(({ socket }) => void socket.end(refusal()));
      const id = textAt((await post('/v1/topups', topup())).body, 'id');
      await sleep(AWAY_MS);
      expect((await ended(id, 60_000)).body).toMatchObject({ status: 'succeeded' });
      expect(latcom.arrived.get(bareId(id))).toBe(2);
    },
    90_000,
  );

  it('passes that LoyaltyLayer issued as a batch succeed', async () => {
    await post('/v1/passes', pass(), { prefer: 'wait=20' });
    await useUpQuota(world.database.url, 100);
    loyaltyLayer.behave = ({ orders, response }) => {
      proxy.cut();
      setTimeout(
        () => sendJson(response, 200, { results: orders.map((order, index) => issued(order, index)) }),
        KEY_FORGOTTEN_MS,
      );
      setTimeout(() => proxy.restore(), AWAY_MS);
    };
    const posted = await Promise.all([1, 2, 3].map(() => post('/v1/passes', pass())));
    const ids = posted.map(({ body }) => textAt(body, 'id'));
    // One permit is left, and one batch sends all waiting passes with it.
    await useUpQuota(world.database.url, 96);
    await sleep(AWAY_MS + 2_000);
    const ends = await Promise.all(ids.map((id) => ended(id)));
    expect(ends.map(({ body }) => at(body, 'status'))).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(loyaltyLayer.batches).toHaveLength(1);
  }, 60_000);
});

/** Locks the ledger, so that nothing is recorded until the returned function is called. */
async function lock(): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: world.database.url });
  await client.connect();
  await client.query('begin');
  await client.query('lock table transactions in exclusive mode');
  return () => client.end();
}

describe('a top-up whose record is confirmed too late', () => {
  it('is answered 503, is sent once, and never becomes unknown', async () => {
    const unlock = await lock();
    const order = topup();
    const answered = await post('/v1/topups', order);
    expect(answered).toMatchObject({ status: 503, body: { code: 'overloaded' } });
    await unlock();
    const id = await eventually(
      10_000,
      async () => {
        const path = `/v1/transactions?reference=${String(order['reference'])}`;
        return at((await gateway.request('GET', path, { auth: world.partner })).body, 'data', 0, 'id');
      },
      (found) => typeof found === 'string',
    );
    expect((await ended(String(id))).body).toMatchObject({ status: 'succeeded' });
    expect(latcom.arrived.get(bareId(String(id)))).toBe(1);
    const events = await gateway.request('GET', `/v1/transactions/${String(id)}/events`, { auth: world.partner });
    expect(JSON.stringify(events.body)).not.toContain('unknown');
    expect(at(events.body, 'data', 1)).toMatchObject({ to: null, evidence: 'not sent' });
  }, 60_000);

  it('is sent once when the caller repeats the request', async () => {
    const order = topup();
    const headers = { 'idempotency-key': unique('muted'), prefer: 'wait=20' };
    proxy.mute();
    const first = await post('/v1/topups', order, headers);
    proxy.cut();
    proxy.restore();
    expect(first.status).toBe(503);
    const again = await eventually(
      10_000,
      () => post('/v1/topups', order, headers),
      ({ status }) => status !== 503,
    );
    const id = textAt(again.body, 'id');
    expect((await ended(id, 90_000)).body).toMatchObject({ status: 'succeeded' });
    expect(latcom.arrived.get(bareId(id))).toBe(1);
  }, 120_000);
});

it('an outcome that the database refuses raises an alarm with the ids of the transaction', async () => {
  const owner = new Client({ connectionString: world.database.adminUrl });
  await owner.connect();
  await owner.query(`
    create function refuse_outcome() returns trigger language plpgsql as $$
    begin raise exception 'no' using errcode = 'P0001'; end $$;
    create trigger refuse_outcome before update on transactions for each row
    when (new.status = 'succeeded') execute function refuse_outcome()`);
  const before = await alarms(gateway, 'outcome_unwritten');
  const id = textAt((await post('/v1/topups', topup())).body, 'id');
  await eventually(
    10_000,
    () => alarms(gateway, 'outcome_unwritten'),
    (count) => count === before + 1,
  );
  await owner.query(`drop trigger refuse_outcome on transactions; drop function refuse_outcome()`);
  await owner.end();
  const lines = gateway.output().split('\n');
  const said = lines.filter((line) => line.includes(bareId(id)) && line.includes('could not be recorded'));
  expect(said.join()).toMatch(/"type":"topup"/);
}, 30_000);
