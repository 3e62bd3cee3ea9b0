import { setTimeout as sleep } from 'node:timers/promises';
import { at, textAt, type Answer } from '../../support/http.js';
import { eventually } from '../../support/wait.js';
import { accrual, startWorld, type World } from '../../support/world.js';

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();
const DAY_MS = 86_400_000;

async function hold(changes: object = {}): Promise<{ id: string; path: string; answer: Answer }> {
  const answer = await world.call('POST', '/v1/accruals', accrual({ releaseAt: inMs(30 * DAY_MS), ...changes }));
  expect(answer.body).toMatchObject({ status: 'scheduled' });
  return { id: textAt(answer.body, 'id'), path: `/v1/accruals/${textAt(answer.body, 'id')}`, answer };
}

async function sentBodies(reference: string): Promise<string[]> {
  const calls = await world.sandbox.calls('latam-pass');
  return calls.map((call) => JSON.stringify(call['body'])).filter((body) => body.includes(reference));
}

/** Points of all accruals in this file. */
async function balance(): Promise<{ held: number; posted: number }> {
  const answer = await world.admin('GET', '/v1/admin/ledger/balances');
  const rows = at(answer.body, 'data');
  const row = Array.isArray(rows) ? rows.find((one) => at(one, 'account') === 'latam-pass') : undefined;
  return { held: Number(at(row, 'held') ?? 0), posted: Number(at(row, 'posted') ?? 0) };
}

it('a held accrual is amended together with its hold, and sent as amended', async () => {
  const reference = `amended-${Date.now()}`;
  const { held, posted } = await balance();
  const { path } = await hold({ reference, points: 3000, description: 'as ordered', releaseAt: inMs(2_000) });
  expect(await balance()).toEqual({ held: held + 3000, posted });
  const change = { points: 1200, description: 'one returned', metadata: { case: '7' } };
  const amended = await world.call('PATCH', path, change);
  expect(amended.body).toMatchObject({
    status: 'scheduled',
    quantity: { value: '1200' },
    accrual: { description: 'one returned', member: { ffn: '*******7890' } },
    metadata: { case: '7' },
  });
  expect(await balance()).toEqual({ held: held + 1200, posted });
  const ended = await eventually(
    15_000,
    () => world.call('GET', path),
    (one) => at(one.body, 'status') === 'succeeded',
  );
  expect(at(ended.body, 'quantity', 'value')).toBe('1200');
  const [sent, ...more] = await sentBodies(reference);
  expect(more).toEqual([]);
  expect(sent).toContain('1200');
  expect(sent).toContain('one returned');
  expect(sent).not.toContain('3000');
  expect(await balance()).toEqual({ held, posted: posted + 1200 });
  const events = await world.call('GET', `/v1/transactions/${textAt(ended.body, 'id')}/events`);
  expect(at(events.body, 'data', 1)).toMatchObject({
    to: null,
    evidence: 'amendment',
    detail: { changed: ['points', 'description', 'metadata'] },
  });
});

it('a held accrual whose release is moved is released at the new time', async () => {
  const { path } = await hold();
  await world.call('PATCH', path, { releaseAt: inMs(700) });
  await eventually(
    15_000,
    () => world.call('GET', path),
    (one) => at(one.body, 'status') === 'succeeded',
  );
});

describe('an accrual dated up to a minute ahead', () => {
  const sentAt = async (reference: string): Promise<number[]> => {
    const calls = await world.sandbox.calls('latam-pass');
    const own = calls.filter((call) => JSON.stringify(call['body']).includes(reference));
    return own.map((call) => Date.parse(String(call['at'])));
  };

  it('is accepted at once and sent at its time, also after a crash', async () => {
    const occurredAt = inMs(9_000);
    const reference = `ahead-${Date.now()}`;
    const answer = await world.call('POST', '/v1/accruals', accrual({ reference, occurredAt }));
    expect([answer.status, at(answer.body, 'status')]).toEqual([202, 'pending']);
    expect(at(answer.body, 'accrual', 'releaseAt')).toBeNull();
    await world.crash();
    expect(await sentAt(reference)).toEqual([]);
    const path = `/v1/accruals/${textAt(answer.body, 'id')}`;
    await eventually(
      20_000,
      () => world.call('GET', path),
      (one) => at(one.body, 'status') === 'succeeded',
    );
    const [first = 0, ...more] = await sentAt(reference);
    expect(more).toEqual([]);
    expect(first).toBeGreaterThanOrEqual(Date.parse(occurredAt));
  }, 60_000);

  it('cannot be released before its own date', async () => {
    const body = accrual({ occurredAt: inMs(50_000), releaseAt: inMs(20_000) });
    const answer = await world.call('POST', '/v1/accruals', body);
    expect(at(answer.body, 'errors', 0)).toEqual({ pointer: '/releaseAt', message: 'must not be before occurredAt' });
  });

  it('is refused when it is dated more than a minute ahead', async () => {
    const answer = await world.call('POST', '/v1/accruals', accrual({ occurredAt: inMs(65_000) }));
    expect([answer.status, at(answer.body, 'errors', 0, 'pointer')]).toEqual([400, '/occurredAt']);
  });
});

it('a canceled held accrual is never sent, and its hold is released once', async () => {
  const before = await balance();
  const reference = `canceled-${Date.now()}`;
  const { path } = await hold({ reference, releaseAt: inMs(1_500) });
  const canceled = await world.call('POST', `${path}/cancel`);
  expect([canceled.status, at(canceled.body, 'status')]).toEqual([200, 'canceled']);
  expect(await balance()).toEqual(before);
  expect((await world.call('POST', `${path}/cancel`)).body).toMatchObject({ status: 409, code: 'invalid_state' });
  expect((await world.call('PATCH', path, { points: 1 })).body).toMatchObject({ status: 409, code: 'invalid_state' });
  await sleep(2_500);
  expect(await sentBodies(reference)).toEqual([]);
});

it('a released accrual can be neither canceled nor amended', async () => {
  const answer = await world.call('POST', '/v1/accruals', accrual(), { prefer: 'wait=15' });
  const path = `/v1/accruals/${textAt(answer.body, 'id')}`;
  expect((await world.call('POST', `${path}/cancel`)).body).toMatchObject({ status: 409, code: 'invalid_state' });
  expect((await world.call('PATCH', path, { points: 1 })).body).toMatchObject({ status: 409, code: 'invalid_state' });
});

it('exactly one of a simultaneous cancel and release wins', async () => {
  const held = await Promise.all(Array.from({ length: 12 }, () => hold({ releaseAt: inMs(1_500) })));
  const answers = await Promise.all(
    held.map(async ({ path }, index) => {
      await sleep(1_000 + index * 100);
      return world.call('POST', `${path}/cancel`);
    }),
  );
  for (const [index, answer] of answers.entries()) {
    const { path, answer: first } = held[index] ?? { path: '', answer };
    const reference = textAt(first.body, 'reference');
    const wanted = answer.status === 200 ? 'canceled' : 'succeeded';
    await eventually(
      15_000,
      () => world.call('GET', path),
      (one) => at(one.body, 'status') === wanted,
    );
    expect(await sentBodies(reference)).toHaveLength(wanted === 'canceled' ? 0 : 1);
  }
  expect(answers.map((answer) => answer.status)).toEqual(expect.arrayContaining([200]));
}, 60_000);

it('held accruals are summed up by day of release', async () => {
  const auth = await world.createApp();
  const ask = (method: string, path: string, body?: object): Promise<Answer> =>
    world.gateway().request(method, path, { auth, body, headers: { 'idempotency-key': `${path}-${Math.random()}` } });
  const day = (ms: number): string => inMs(ms).slice(0, 10);
  for (const [points, ms] of [
    [100, 10 * DAY_MS],
    [20, 10 * DAY_MS],
    [7, 20 * DAY_MS],
  ] as const) {
    await ask('POST', '/v1/accruals', accrual({ points, releaseAt: `${day(ms)}T12:00:00Z` }));
  }
  expect((await ask('GET', '/v1/accruals/held')).body).toEqual({
    data: [
      { date: day(10 * DAY_MS), quantity: { value: '120', unit: 'LATAM_PASS_POINTS' }, count: 2 },
      { date: day(20 * DAY_MS), quantity: { value: '7', unit: 'LATAM_PASS_POINTS' }, count: 1 },
    ],
  });
});

it('an accrual without a release date is held for the default days of the app', async () => {
  const auth = await world.createApp({ defaultHoldDays: 14 });
  const headers = { 'idempotency-key': `days-${Date.now()}` };
  const answer = await world.gateway().request('POST', '/v1/accruals', { auth, body: accrual(), headers });
  expect(at(answer.body, 'status')).toBe('scheduled');
  const days = (Date.parse(textAt(answer.body, 'cancelableUntil')) - Date.now()) / DAY_MS;
  expect(Math.round(days)).toBe(14);
});

it('a held accrual survives a crash and is sent at its time', async () => {
  const { path } = await hold({ releaseAt: inMs(2_500) });
  await world.crash();
  expect(at((await world.call('GET', path)).body, 'status')).toMatch(/scheduled|pending|processing|succeeded/);
  await eventually(
    20_000,
    () => world.call('GET', path),
    (one) => at(one.body, 'status') === 'succeeded',
  );
}, 60_000);

it.each([
  [{ points: 0 }, '/points'],
  [{ points: '5' }, '/points'],
  [{ releaseAt: '2026-01-01T00:00:00Z' }, '/releaseAt'],
  [{ releaseAt: inMs(500 * DAY_MS) }, '/releaseAt'],
  [{ member: { ffn: '1' } }, '/member'],
])('a held accrual refuses the amendment %j', async (change, pointer) => {
  const { path } = await hold();
  const answer = await world.call('PATCH', path, change);
  expect(answer.body).toMatchObject({ status: 400, code: 'validation_failed' });
  expect(at(answer.body, 'errors', 0, 'pointer')).toBe(pointer);
});
