import { setTimeout as sleep } from 'node:timers/promises';
import { ADMIN, startGateway } from '../../support/gateway.js';
import { at, request, textAt, type Answer } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { answer, approval, startLatcomStub } from '../../support/latcom-stub.js';
import { MAGIC } from '../../support/magic.js';
import { eventually } from '../../support/wait.js';
import { startWorld, topup, type World } from '../../support/world.js';

/** The balance is queried on demand only, so that the tests decide when it is known. */
const QUIET = {
  LATCOM_BALANCE_SECONDS: '3600',
  LATCOM_LOW_FLOAT: '5000,100',
  LATCOM_REQUESTS_PER_15_MINUTES: '100000',
};

let world: World;

beforeEach(async () => {
  world = await startWorld({ gateway: QUIET });
}, 60_000);

afterEach(async () => {
  await world.gateway().stop();
  await world.sandbox.stop();
  await world.database.drop();
});

const setFloat = (usd: string): Promise<Answer> =>
  request(world.sandbox.url, 'POST', '/_sandbox/float', { body: { usd } });

const balance = (query = ''): Promise<Answer> => world.admin('GET', `/v1/admin/providers/latcom/balance${query}`);

const buy = (changes: object = {}, wait = 15): Promise<Answer> =>
  world.call('POST', '/v1/topups', topup(changes), { prefer: `wait=${wait}` });

async function executed(): Promise<number> {
  return (await world.sandbox.effects('latcom')).filter((effect) => effect['kind'] === 'purchase').length;
}

/** Number of purchase requests that arrived at LATCOM. */
async function sent(): Promise<number> {
  return (await world.sandbox.calls('latcom')).filter((call) => call['operation'] === 'purchase').length;
}

function tally(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const name = `${status} ${String(at(body, 'code') ?? at(body, 'status'))}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

describe('the balance at LATCOM', () => {
  it('is an exact series in its own currency, with an observed exchange rate', async () => {
    await setFloat('1000.10');
    // The first scheduled query may have come before.
    await balance('?refresh=true');
    const bought = await buy();
    const seen = await eventually(
      5_000,
      () => balance(),
      (one) => at(one.body, 'data', 1) !== undefined,
    );
    expect(at(seen.body, 'data', 1)).toMatchObject({ balance: '1000.10', currency: 'USD', source: 'query' });
    expect(at(seen.body, 'data', 0)).toMatchObject({
      balance: expect.stringMatching(/^999\.5[0-9]$/),
      source: 'purchase',
      transactionId: textAt(bought.body, 'id'),
    });
    const rate = Number(at(seen.body, 'current', 'rate'));
    expect(rate).toBeGreaterThan(16.5);
    expect(rate).toBeLessThan(17.5);
    expect(at(seen.body, 'current')).toMatchObject({ currency: 'USD', belowLevel: '5000', emptySince: null });
    // Ten pesos were spent within the last hour. The rate of spending comes from sealed entries, which are some seconds
    // behind.
    const paced = await eventually(
      15_000,
      () => balance(),
      (one) => at(one.body, 'current', 'hoursLeft') !== null,
    );
    const left = Number(textAt(paced.body, 'data', 0, 'balance'));
    expect(at(paced.body, 'current', 'hoursLeft')).toBeCloseTo((left * rate) / 10, -1);
  });

  it('is refreshed on demand, shown in the metrics, and raises an alarm when it is low', async () => {
    await setFloat('6000.00');
    expect((await balance('?refresh=true')).body).toMatchObject({ current: { balance: '6000.00', belowLevel: null } });
    await setFloat('42.00');
    expect((await balance('?refresh=true')).body).toMatchObject({ current: { balance: '42.00', belowLevel: '100' } });
    expect((await balance('?limit=1')).body).toMatchObject({
      data: [{ balance: '42.00' }],
      nextCursor: expect.any(String),
    });
    const shown = await eventually(
      12_000,
      () => world.gateway().request('GET', '/metrics'),
      (one) => String(one.body).includes('gateway_provider_balance{provider="latcom",currency="USD"} 42'),
    );
    expect(shown.body).toContain('gateway_alarms_total{kind="low_float"} 2');
  });

  it('does not exist for other providers and is hidden from apps', async () => {
    expect((await world.admin('GET', '/v1/admin/providers/latam-pass/balance')).status).toBe(404);
    expect((await world.call('GET', '/v1/admin/providers/latcom/balance')).status).toBe(403);
  });

  it('is asked for by one instance of a fleet', async () => {
    const every = { ...world.env, LATCOM_BALANCE_SECONDS: '2' };
    const others = await Promise.all([1, 2].map(() => startGateway({ databaseUrl: world.database.url, env: every })));
    await sleep(5_000);
    await Promise.all(others.map((one) => one.stop()));
    const asked = (await world.sandbox.calls('latcom')).filter((call) => call['operation'] === 'balance').length;
    expect(asked).toBeGreaterThanOrEqual(2);
    expect(asked).toBeLessThanOrEqual(5);
  }, 40_000);
});

it('the balance is asked for after a purchase that does not report it, until the rate is known', async () => {
  const stub = await startLatcomStub();
  stub.balance = '100000.00';
  stub.behave = ({ socket, body }) => {
    stub.balance = '99990.00';
    socket.end(answer(200, approval(body)));
  };
  const gateway = await startGateway({
    databaseUrl: world.database.url,
    env: { ...world.env, LATCOM_BASE_URL: stub.baseUrl },
  });
  const rate = async (): Promise<unknown> => {
    const path = '/v1/admin/providers/latcom/balance';
    return at((await gateway.request('GET', path, { auth: ADMIN })).body, 'current', 'rate');
  };
  const buyHere = (): Promise<Answer> =>
    gateway.request('POST', '/v1/topups', {
      auth: world.partner,
      headers: { 'idempotency-key': unique('key'), prefer: 'wait=15' },
      body: topup({ amount: { value: '170.00', currency: 'MXN' } }),
    });
  expect((await buyHere()).body).toMatchObject({ status: 'succeeded' });
  expect(await rate()).toBe('17.000000');
  await gateway.stop();
  await stub.close();
}, 60_000);

describe('of 200 parallel purchases with a float for 50,', () => {
  // 50 purchases of 10 pesos cost at most 29.50 dollars in the sandbox.
  const FLOAT_FOR_50 = '29.50';
  const all = (): Promise<Answer[]> => Promise.all(Array.from({ length: 200 }, () => buy({}, 20)));

  it('with a known rate, those not covered are refused before they are recorded, and none overdraws the float', async () => {
    await buy();
    await setFloat(FLOAT_FOR_50);
    await balance('?refresh=true');
    const before = await sent();
    // Purchases that overlapped with the one that reported the last balance count twice until the next balance query.
    const first = await all();
    await balance('?refresh=true');
    const counts = tally([...first, ...(await all())]);
    const bought = counts['201 succeeded'] ?? 0;
    // The rate changes with each purchase, so a recorded purchase that was just covered may have to wait before it is
    // sent.
    const heldBack = counts['202 pending'] ?? 0;
    expect(heldBack).toBeLessThanOrEqual(4);
    expect(bought + heldBack + (counts['503 insufficient_float'] ?? 0)).toBe(400);
    expect(bought).toBeGreaterThan(40);
    expect(bought).toBeLessThanOrEqual(50);
    expect((await sent()) - before).toBe(bought);
  }, 60_000);

  it('two instances together send no more than the float covers', async () => {
    await buy();
    const another = await startGateway({ databaseUrl: world.database.url, env: world.env });
    await setFloat(FLOAT_FOR_50);
    await balance('?refresh=true');
    const before = await sent();
    const buyAll = (): Promise<Answer[]> =>
      Promise.all(
        Array.from({ length: 200 }, (_none, index) =>
          (index % 2 === 0 ? another : world.gateway()).request('POST', '/v1/topups', {
            auth: world.partner,
            body: topup(),
            headers: { 'idempotency-key': unique('two'), prefer: 'wait=20' },
          }),
        ),
      );
    const first = await buyAll();
    await balance('?refresh=true');
    const answers = [...first, ...(await buyAll())];
    const bought = answers.filter((one) => at(one.body, 'status') === 'succeeded').length;
    const refused = answers.filter((one) => at(one.body, 'code') === 'insufficient_float').length;
    // If the other instance spends the balance between record and sending, the purchase is not sent; it waits and
    // expires.
    const waiting = answers.filter((one) => at(one.body, 'status') === 'pending').length;
    expect(bought + refused + waiting).toBe(400);
    expect(bought).toBeGreaterThan(40);
    expect(bought).toBeLessThanOrEqual(50);
    expect((await sent()) - before).toBe(bought);
    await another.stop();
  }, 60_000);

  it('without a rate, one is sent at a time until it is known, and none overdraws the float', async () => {
    await setFloat(FLOAT_FOR_50);
    const counts = tally(await all());
    expect(counts['201 succeeded']).toBeLessThanOrEqual(50);
    // Purchases that had to wait are sent later; on a busy machine after the caller has stopped waiting.
    await eventually(30_000, executed, (count) => count > 40);
    expect(
      Object.keys(counts).filter((name) => !/^(201 succeeded|202 pending|503 insufficient_float)$/.test(name)),
    ).toEqual([]);
    expect(await sent()).toBe(await executed());
    expect(await executed()).toBeLessThanOrEqual(50);
  }, 60_000);
});

it('while no rate can be observed, one purchase is sent at a time', async () => {
  await setFloat('1000.00');
  // The balance query fails, so the first purchases show no rate. The answer to the first of them is delayed.
  await world.sandbox.fault({ provider: 'latcom', operation: 'balance', fault: 'status-500' });
  await world.sandbox.fault({ provider: 'latcom', operation: 'purchase', fault: 'delay', delayMs: 2_500, times: 1 });
  const first = buy();
  await eventually(5_000, sent, (count) => count === 1);
  const others = Array.from({ length: 5 }, () => buy());
  await sleep(1_000);
  expect(await sent()).toBe(1);
  expect(tally(await Promise.all([first, ...others]))).toEqual({ '201 succeeded': 6 });
}, 40_000);

it('an unknown purchase keeps its share of the float', async () => {
  await buy();
  await setFloat('10.00');
  await balance('?refresh=true');
  expect(
    at(
      (await buy({ amount: { value: '100.00', currency: 'MXN' }, phoneNumber: MAGIC.latcom.notExecutedAnswerLost }))
        .body,
      'status',
    ),
  ).toBe('unknown');
  await balance('?refresh=true');
  const answer = await buy({ amount: { value: '100.00', currency: 'MXN' } });
  expect(answer).toMatchObject({ status: 503, body: { code: 'insufficient_float', retryable: true } });
  expect(answer.headers['retry-after']).toBeDefined();
  expect((await world.call('GET', '/v1/transactions')).body).toMatchObject({
    data: [{ status: 'unknown' }, { status: 'succeeded' }],
  });
  const check = await world.call(
    'POST',
    '/v1/topups/validate',
    topup({ amount: { value: '100.00', currency: 'MXN' } }),
  );
  expect(check.body).toMatchObject({ valid: false, problems: [{ pointer: '/amount' }] });
  expect(at((await buy()).body, 'status')).toBe('succeeded');
});

it('a decline with code 51 pauses purchases until the next balance, and raises an alarm', async () => {
  await buy();
  await world.sandbox.fault({ provider: 'latcom', operation: 'balance', fault: 'status-500' });
  expect(at((await buy({ phoneNumber: MAGIC.latcom.declinedInsufficientFunds })).body, 'failure', 'category')).toBe(
    'funds',
  );
  expect((await buy()).body).toMatchObject({ code: 'insufficient_float' });
  expect(at((await balance()).body, 'current', 'emptySince')).toEqual(expect.any(String));
  await request(world.sandbox.url, 'DELETE', '/_sandbox/faults');
  expect((await balance('?refresh=true')).body).toMatchObject({ current: { emptySince: null } });
  expect(at((await buy()).body, 'status')).toBe('succeeded');
  expect((await world.gateway().request('GET', '/metrics')).body).toContain('kind="float_used_up"} 1');
});
