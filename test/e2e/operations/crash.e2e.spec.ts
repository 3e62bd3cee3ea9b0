import { setTimeout as sleep } from 'node:timers/promises';
import { startGateway } from '../../support/gateway.js';
import { at, textAt } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { MAGIC } from '../../support/magic.js';
import { eventually } from '../../support/wait.js';
import { accrual, startWorld, topup, type World } from '../../support/world.js';

/** A short timeout, so that the leases of a killed gateway end during the test. */
const LATCOM_TIMEOUT_MS = '1500';

let world: World;

beforeAll(async () => {
  world = await startWorld({
    gateway: { LATCOM_TIMEOUT_MS },
    sandbox: { SANDBOX_ACCRUAL_DELAY_MS: '200,1500' },
  });
}, 60_000);

async function purchasesOf(id: string): Promise<number> {
  const effects = await world.sandbox.effects('latcom');
  return effects.filter((effect) => effect['key'] === bareId(id)).length;
}

it('no accrual of 100 is lost or doubled by repeated kills', async () => {
  const acknowledged = new Map<string, string>();
  const killing = (async () => {
    for (let kills = 0; kills < 3; kills += 1) {
      await sleep(250);
      await world.crash();
    }
  })();
  const orders = Array.from({ length: 100 }, () => ({ order: accrual(), key: unique('crash') }));
  // Repeats the same request with the same key until it is answered, like a partner.
  const submit = async ({ order, key }: (typeof orders)[number]): Promise<void> => {
    for (;;) {
      const answer = await world.call('POST', '/v1/accruals', order, { 'idempotency-key': key }).catch(() => null);
      if (answer && answer.status < 300) {
        acknowledged.set(key, textAt(answer.body, 'id'));
        return;
      }
      if (answer && answer.status !== 503) throw new Error(`answered ${answer.status} ${JSON.stringify(answer.body)}`);
      await sleep(50);
    }
  };
  for (let next = 0; next < orders.length; next += 4) {
    await Promise.all(orders.slice(next, next + 4).map(submit));
    await sleep(60);
  }
  await killing;
  expect(new Set(acknowledged.values()).size).toBe(100);
  const open = await eventually(
    60_000,
    async () => {
      const answers = await Promise.all(
        ['pending', 'processing'].map((status) => world.call('GET', `/v1/transactions?type=accrual&status=${status}`)),
      );
      return answers.flatMap((answer) => at(answer.body, 'data'));
    },
    (data) => data.length === 0,
  );
  expect(open).toEqual([]);
  const effects = await world.sandbox.effects('latam-pass');
  const credited = effects.filter((effect) => effect['kind'] === 'accrual' && effect['outcome'] === 'PROCESSED');
  const expected = [...acknowledged.values()].map((id) => bareId(id)).sort();
  expect(credited.map((effect) => String(effect['key'])).sort()).toEqual(expected);
}, 120_000);

describe('a gateway that is killed during a purchase', () => {
  it.each([
    ['executed and never answered', MAGIC.latcom.executedNeverAnswered, 1],
    ['neither executed nor answered', MAGIC.latcom.notExecutedNeverAnswered, 0],
  ])('leaves the top-up unknown and never sends it again: %s', async (_what, phoneNumber, executed) => {
    const answer = await world.call('POST', '/v1/topups', topup({ phoneNumber }), { prefer: 'wait=0' });
    const id = textAt(answer.body, 'id');
    const sent = async (): Promise<unknown[]> =>
      (await world.sandbox.calls('latcom')).filter((call) => JSON.stringify(call['body']).includes(phoneNumber));
    await eventually(5_000, sent, (calls) => calls.length === 1);
    await world.crash();
    const ended = await eventually(
      30_000,
      () => world.call('GET', `/v1/topups/${id}`),
      (one) => at(one.body, 'status') === 'unknown',
    );
    expect(at(ended.body, 'nextStep')).toEqual(expect.stringMatching(/will not be resent/));
    const events = await world.call('GET', `/v1/transactions/${id}/events`);
    expect(at(events.body, 'data', 1)).toMatchObject({ from: 'pending', to: 'unknown', evidence: 'interrupted' });
    expect(await sent()).toHaveLength(1);
    expect(await purchasesOf(id)).toBe(executed);
  });
});

it('a gateway that stalls past its lease sends nothing when it wakes', async () => {
  const another = await startGateway({ databaseUrl: world.database.url, env: world.env });
  // The token is expired and the login is slow, so there is time to stop the process before the purchase is sent.
  await world.sandbox.fault({ provider: 'latcom', operation: 'token', fault: 'delay', delayMs: 2_000, times: 1 });
  await fetch(`${world.sandbox.url}/_sandbox/tokens/expire`, { method: 'POST' });
  const answer = await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=0' });
  const id = textAt(answer.body, 'id');
  await sleep(700);
  world.gateway().signal('SIGSTOP');
  const seen = await eventually(
    30_000,
    () => another.request('GET', `/v1/topups/${id}`, { auth: world.partner }),
    (one) => at(one.body, 'status') !== 'pending',
  );
  expect(at(seen.body, 'status')).toBe('unknown');
  world.gateway().signal('SIGCONT');
  await sleep(2_000);
  expect(await purchasesOf(id)).toBe(0);
  expect(at((await world.call('GET', `/v1/topups/${id}`)).body, 'status')).toBe('unknown');
  await another.stop();
  // The login that slept through its deadline has failed, and logins are paused.
  expect((await world.admin('POST', '/v1/admin/providers/latcom/token/refresh')).status).toBe(200);
}, 70_000);

it('a dead LATCOM token is renewed by one login, however many callers notice', async () => {
  await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=10' });
  await fetch(`${world.sandbox.url}/_sandbox/tokens/expire`, { method: 'POST' });
  const logins = async (): Promise<number> =>
    (await world.sandbox.calls('latcom')).filter((call) => call['operation'] === 'token').length;
  const before = await logins();
  const answers = await Promise.all(
    Array.from({ length: 200 }, () => world.call('POST', '/v1/topups', topup(), { prefer: 'wait=25' })),
  );
  expect(new Set(answers.map((answer) => at(answer.body, 'status')))).toEqual(new Set(['succeeded']));
  expect((await logins()) - before).toBe(1);
}, 60_000);

it('on SIGTERM a gateway ends what is under way and then its process', async () => {
  const another = await startGateway({ databaseUrl: world.database.url, env: world.env });
  const headers = { 'idempotency-key': unique('drained'), prefer: 'wait=10' };
  const answering = another.request('POST', '/v1/topups', { auth: world.partner, body: topup(), headers });
  await sleep(30);
  const exit = await another.stop();
  expect(exit).toEqual({ code: 0, signal: null });
  expect((await answering).status).toBe(201);
}, 30_000);
