import { setTimeout as sleep } from 'node:timers/promises';
import { startGateway, type Gateway } from '../../support/gateway.js';
import { at, request, textAt, type Answer } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { eventually } from '../../support/wait.js';
import { pass, startWorld, type World } from '../../support/world.js';

const LIMIT = '30';

let world: World;
let second: Gateway;

beforeAll(async () => {
  world = await startWorld({
    sandbox: { SANDBOX_REQUESTS_PER_MINUTE: LIMIT },
    // These tests are about the quota, so each create is a separate call.
    gateway: { LOYALTY_LAYER_REQUESTS_PER_MINUTE: LIMIT, LOYALTY_LAYER_COALESCING: 'false' },
  });
  second = await startGateway({ databaseUrl: world.database.url, env: world.env });
}, 60_000);

function issue(index: number, wait: number): Promise<Answer> {
  const gateway = index % 2 === 0 ? world.gateway() : second;
  const headers = { 'idempotency-key': unique('quota'), prefer: `wait=${wait}` };
  return gateway.request('POST', '/v1/passes', { auth: world.partner, body: pass(), headers });
}

async function sentAt(): Promise<number[]> {
  const calls = await world.sandbox.calls('loyalty-layer');
  return calls
    .filter((call) => call['operation'] === 'pass-create')
    .map((call) => Date.parse(String(call['at'])))
    .sort((a, b) => a - b);
}

async function counter(name: string): Promise<unknown> {
  return at((await request(world.sandbox.url, 'GET', '/_sandbox/effects')).body, 'loyaltyLayer', name);
}

async function health(): Promise<unknown> {
  const answer = await world.admin('GET', '/v1/admin/providers');
  const list = at(answer.body, 'data');
  return Array.isArray(list) ? list.find((one) => at(one, 'name') === 'loyalty-layer') : null;
}

it('a 429 stops both instances until retry_after, and then one probe goes first', async () => {
  expect((await issue(0, 10)).status).toBe(201);
  await world.sandbox.fault({
    provider: 'loyalty-layer',
    operation: 'pass-create',
    fault: '429',
    times: 1,
    delayMs: 3_000,
  });
  const before = (await sentAt()).length;
  const refused = await issue(0, 0);
  await eventually(5_000, sentAt, (sent) => sent.length === before + 1);
  await sleep(300);
  const waiting = await Promise.all([1, 2, 3, 4].map((index) => issue(index, 0)));
  expect(waiting.every(({ body }) => at(body, 'status') === 'pending')).toBe(true);
  expect(at(await health(), 'quota', 'blockedUntil')).toEqual(expect.any(String));
  for (const { body } of [refused, ...waiting]) {
    await eventually(
      20_000,
      () => world.call('GET', `/v1/transactions/${textAt(body, 'id')}`),
      (answer) => at(answer.body, 'status') === 'succeeded',
    );
  }
  const [stopped = 0, probe = 0, ...rest] = (await sentAt()).slice(before);
  expect(probe - stopped).toBeGreaterThanOrEqual(3_000);
  expect(rest).toHaveLength(4);
  expect(at(await health(), 'quota', 'blockedUntil')).toBeNull();
}, 40_000);

it('requests beyond the quota wait with an estimate, and the quota is never exceeded', async () => {
  const answers = await Promise.all(Array.from({ length: 60 }, (_none, index) => issue(index, 3)));
  const statuses = answers.map((answer) => `${answer.status} ${String(at(answer.body, 'status'))}`);
  expect(new Set(statuses)).toEqual(new Set(['201 succeeded', '202 pending']));
  const waiting = answers.filter((answer) => answer.status === 202);
  expect(waiting.length).toBeGreaterThan(30);
  for (const { body } of waiting) expect(Date.parse(textAt(body, 'expectedBy'))).toBeGreaterThan(Date.now());
  const estimates = waiting.map(({ body }) => Date.parse(textAt(body, 'expectedBy')) - Date.now());
  expect(Math.max(...estimates)).toBeGreaterThan(45_000);

  const seen = await health();
  expect(seen).toMatchObject({
    quota: { limit: 30, reserved: 2, windowSeconds: 60, used: expect.any(Number), blockedUntil: null },
    queue: { pending: waiting.length },
    drainSeconds: expect.any(Number),
  });
  expect(Number(at(seen, 'quota', 'used'))).toBeLessThanOrEqual(30);
  expect(Number(at(seen, 'drainSeconds'))).toBeGreaterThan(45);

  // A waiting operation is not claimed in vain: its timeline does not grow.
  await sleep(3_000);
  const events = await world.call('GET', `/v1/transactions/${textAt(waiting.at(-1)?.body, 'id')}/events`);
  const list = at(events.body, 'data');
  expect(Array.isArray(list) ? list.length : 0).toBeLessThanOrEqual(3);
  expect(await counter('violations')).toBe(0);
  // With coalescing switched off, no batch is sent, even while permits are scarce.
  expect(at(await counter('calls'), 'pass-batch')).toBeUndefined();
  expect(Number(await counter('mostRequestsInWindow'))).toBeLessThanOrEqual(30);

  // Operators still get the permit that is reserved for them.
  const status = await world.call(
    'GET',
    `/v1/passes/${textAt(answers.find((one) => one.status === 201)?.body, 'pass', 'id')}?refresh=true`,
  );
  expect(status.status).toBe(200);
}, 40_000);
