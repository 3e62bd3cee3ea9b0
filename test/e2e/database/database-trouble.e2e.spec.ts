import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { startGateway } from '../../support/gateway.js';
import { at, textAt, type Answer } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { MAGIC } from '../../support/magic.js';
import { eventually } from '../../support/wait.js';
import { accrual, startWorld, topup, type World } from '../../support/world.js';

let world: World;

beforeAll(async () => {
  world = await startWorld();
  await world.call('POST', '/v1/topups', topup());
}, 60_000);

/** Locks the ledger against writes while `work` runs. */
async function lockedOut<T>(work: (unlock: () => Promise<void>) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: world.database.url });
  await client.connect();
  await client.query('begin');
  await client.query('lock table transactions in exclusive mode');
  try {
    return await work(async () => {
      await client.query('rollback');
    });
  } finally {
    await client.end();
  }
}

it('a hanging database is answered 503, and repeating the request afterwards is safe', async () => {
  const order = accrual();
  const headers = { 'idempotency-key': unique('stuck') };
  const stuck = await lockedOut(() => world.call('POST', '/v1/accruals', order, headers));
  expect(stuck.body).toMatchObject({ status: 503, code: 'overloaded', retryable: true });
  expect(stuck.headers['retry-after']).toEqual(expect.any(String));
  const again = await world.call('POST', '/v1/accruals', order, headers);
  expect([201, 202]).toContain(again.status);
  const path = textAt(again.headers, 'location');
  await eventually(
    60_000,
    () => world.call('GET', path),
    (one) => at(one.body, 'status') === 'succeeded',
  );
  const effects = await world.sandbox.effects('latam-pass');
  expect(effects.filter((effect) => effect['key'] === path.split('_').at(-1))).toHaveLength(1);
}, 90_000);

it('an operation that is being recorded at SIGTERM is still sent', async () => {
  const gateway = await startGateway({ databaseUrl: world.database.url, env: world.env });
  const headers = { prefer: 'respond-async', 'idempotency-key': unique('drained') };
  const options = { auth: world.partner, body: topup({ phoneNumber: '5537684321' }), headers };
  const { answering, exiting } = await lockedOut(async (unlock) => {
    const answer = gateway.request('POST', '/v1/topups', options);
    await sleep(400);
    const exit = gateway.stop();
    await sleep(300);
    await unlock();
    return { answering: answer, exiting: exit };
  });
  const answer = await answering;
  expect(answer.status).toBe(202);
  expect(await exiting).toEqual({ code: 0, signal: null });
  const read = await world.call('GET', textAt(answer.headers, 'location'));
  expect(at(read.body, 'status')).toBe('succeeded');
}, 60_000);

it('a keep-alive connection of a waiting client does not delay the shutdown', async () => {
  const gateway = await startGateway({ databaseUrl: world.database.url, env: world.env });
  const waiting = gateway.request('POST', '/v1/topups', {
    auth: world.partner,
    body: topup({ phoneNumber: MAGIC.latcom.executedAnsweredAfter8Seconds }),
    headers: { prefer: 'wait=30', 'idempotency-key': unique('kept') },
  });
  await sleep(500);
  const exiting = gateway.stop();
  const answer = await waiting;
  expect(answer.status).toBe(201);
  expect(answer.headers['connection']).toBe('close');
  const outcome = await Promise.race([exiting, sleep(5_000, 'still there')]);
  expect(outcome).toEqual({ code: 0, signal: null });
}, 60_000);

describe('after a failover that left connections at the old, read-only server,', () => {
  const administer = async (...statements: string[]): Promise<void> => {
    const client = new Client({ connectionString: world.database.adminUrl });
    await client.connect();
    // The test's own session stays writable.
    await client.query('set default_transaction_read_only = off');
    for (const statement of statements) await client.query(statement);
    await client.end();
  };
  const cut = `select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`;
  const ready = async (): Promise<unknown> => {
    const { status, body } = await world.gateway().request('GET', '/health/ready');
    return [status, at(body, 'database')];
  };
  const setting = (change: string): string =>
    `do $$ begin execute format('alter database %I ${change}', current_database()); end $$`;

  it('writes are answered 503 and the instance is not ready until it reaches the new server', async () => {
    const newApp = (): Promise<Answer> =>
      world.admin('POST', '/v1/admin/apps', { name: unique('app'), scopes: ['topups'] });
    await administer(setting('set default_transaction_read_only = on'), cut);
    await eventually(10_000, ready, (now) => JSON.stringify(now) === '[503,"unavailable"]');
    const refusals = await Promise.all(Array.from({ length: 20 }, newApp));
    for (const { body } of refusals) expect(body).toMatchObject({ status: 503, code: 'overloaded', retryable: true });
    // New connections reach the new server. Existing ones stay with the old server.
    await administer(setting('reset default_transaction_read_only'));
    await eventually(20_000, ready, (now) => JSON.stringify(now) === '[200,"ok"]');
    const order = topup({ phoneNumber: '5537684322' });
    const headers = { 'idempotency-key': unique('failover') };
    const buy = (): Promise<Answer> => world.call('POST', '/v1/topups', order, headers);
    const answers = await Promise.all(Array.from({ length: 20 }, buy));
    expect(answers.every(({ status }) => status === 201 || status === 202)).toBe(true);
    expect(new Set(answers.map(({ body }) => at(body, 'id'))).size).toBe(1);
    // A connection to the old server is closed when the first write on it fails.
    const made = (): Promise<Answer[]> => Promise.all(Array.from({ length: 20 }, newApp));
    await eventually(10_000, made, (apps) => {
      for (const { status, body } of apps) if (status !== 201) expect(at(body, 'code')).toBe('overloaded');
      return apps.every(({ status }) => status === 201);
    });
  }, 60_000);
});
