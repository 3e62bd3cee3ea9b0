import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { startDatabaseProxy, type DatabaseProxy } from '../../support/database-proxy.js';
import { startGateway, type Gateway } from '../../support/gateway.js';
import { at, textAt, type Answer } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { answer, approval, startLatcomStub, type LatcomStub } from '../../support/latcom-stub.js';
import { eventually } from '../../support/wait.js';
import { startWorld, topup, type World } from '../../support/world.js';

const PROVIDERS = 3;

let world: World;
let latcom: LatcomStub;
let proxy: DatabaseProxy;
/** A gateway that reaches its database only through the proxy. */
let gateway: Gateway;
/** A connection to the database without the proxy. */
let direct: Client;

beforeAll(async () => {
  latcom = await startLatcomStub();
  world = await startWorld({ gateway: { LATCOM_BASE_URL: latcom.baseUrl, LATCOM_TIMEOUT_MS: '5000' } });
  // The world's own gateway only created the app. It is stopped, so that it does not claim due work.
  await world.gateway().stop();
  proxy = await startDatabaseProxy(world.database.url);
  gateway = await startGateway({ databaseUrl: proxy.url, env: world.env });
  direct = new Client({ connectionString: world.database.url });
  await direct.connect();
}, 60_000);

afterAll(async () => {
  proxy.restore();
  await gateway.stop();
  await Promise.all([latcom.close(), proxy.close(), direct.end()]);
});

async function count(text: string, values: readonly unknown[] = []): Promise<number> {
  const { rows } = await direct.query<{ count: number }>(`select count(*)::integer as count ${text}`, [...values]);
  return rows[0]?.count ?? 0;
}

/** A top-up whose first attempt was refused before execution, and that waits for its second attempt. */
async function waiting(): Promise<string> {
  latcom.behave = ({ socket }) => {
    latcom.behave = ({ socket: next, body }) => void next.end(answer(200, approval(body)));
    socket.end(answer(429, '{"success":false}', { 'retry-after': '2' }));
  };
  const headers = { 'idempotency-key': unique('claim'), prefer: 'wait=0' };
  const posted = await gateway.request('POST', '/v1/topups', { auth: world.partner, body: topup(), headers });
  const id = textAt(posted.body, 'id');
  await eventually(
    10_000,
    () => count('from transactions where id = $1 and not attempt_open', [uuidOf(id)]),
    (found) => found === 1,
  );
  // Until then LATCOM gets no request, and only expired operations are claimed.
  await direct.query(`update transactions set due_at = now() + interval '1 h' where id = $1`, [uuidOf(id)]);
  await sleep(3_000);
  return id;
}

function uuidOf(id: string): string {
  return bareId(id);
}

/** The job claims the transaction: the database commits the claim, but the answer is lost. */
async function claimedUnheard(id: string): Promise<void> {
  const holder = new Client({ connectionString: world.database.url });
  await holder.connect();
  await holder.query('begin');
  await holder.query('lock table transactions in exclusive mode');
  await holder.query(`update transactions set due_at = now() - interval '1 s' where id = $1`, [uuidOf(id)]);
  await eventually(
    10_000,
    () => count(`from pg_stat_activity where wait_event_type = 'Lock' and query like '%with due as%'`),
    (claims) => claims >= PROVIDERS,
  );
  proxy.mute();
  await holder.query('commit');
  await holder.end();
  await eventually(
    10_000,
    () => count('from transactions where id = $1 and attempt_open', [uuidOf(id)]),
    (found) => found === 1,
  );
  proxy.cut();
}

function ended(id: string): Promise<Answer> {
  return eventually(
    60_000,
    () => gateway.request('GET', `/v1/transactions/${id}`, { auth: world.partner }),
    (one) => one.status === 200 && at(one.body, 'status') !== 'pending',
  );
}

it('a top-up whose claim lost its answer is sent once and never becomes unknown', async () => {
  const id = await waiting();
  expect(latcom.arrived.get(uuidOf(id))).toBe(1);
  await claimedUnheard(id);
  proxy.restore();
  expect((await ended(id)).body).toMatchObject({ status: 'succeeded' });
  expect(latcom.arrived.get(uuidOf(id))).toBe(2);
  const events = await gateway.request('GET', `/v1/transactions/${id}/events`, { auth: world.partner });
  expect(JSON.stringify(events.body)).not.toContain('unknown');
  expect(at(events.body, 'data', 2)).toMatchObject({ to: null, evidence: 'not sent' });
}, 90_000);

it('a process that stops returns claims whose answer was lost', async () => {
  const id = await waiting();
  await claimedUnheard(id);
  const stopped = gateway.stop();
  proxy.restore();
  await stopped;
  expect(await count(`from transactions where id = $1 and status = 'pending' and not attempt_open`, [uuidOf(id)])).toBe(
    1,
  );
  expect(latcom.arrived.get(uuidOf(id))).toBe(1);
  gateway = await startGateway({ databaseUrl: proxy.url, env: world.env });
  expect((await ended(id)).body).toMatchObject({ status: 'succeeded' });
  expect(latcom.arrived.get(uuidOf(id))).toBe(2);
}, 90_000);
