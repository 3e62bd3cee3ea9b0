import { setTimeout as sleep } from 'node:timers/promises';
import { startGateway, type Gateway } from '../../support/gateway.js';
import { at, textAt, type Answer } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { eventually } from '../../support/wait.js';
import { pass, startWorld, type World } from '../../support/world.js';

let world: World;
/** A second instance on the same database. */
let other: Gateway;

beforeAll(async () => {
  world = await startWorld({
    sandbox: { SANDBOX_REQUESTS_PER_MINUTE: '1000' },
    gateway: { LOYALTY_LAYER_REQUESTS_PER_MINUTE: '1000' },
  });
  other = await startGateway({ databaseUrl: world.database.url, env: world.env });
}, 60_000);

beforeEach(async () => {
  await fetch(`${world.sandbox.url}/_sandbox/faults`, { method: 'DELETE' });
});

afterAll(() => other.stop());

async function issued(): Promise<string> {
  const answer = await world.call('POST', '/v1/passes', pass(), { prefer: 'wait=20' });
  return `/v1/passes/${textAt(answer.body, 'pass', 'id')}`;
}

interface Change {
  readonly email?: string;
  readonly phone?: string;
  readonly metadata?: object;
}

async function patch(gateway: Gateway, path: string, { email, phone, metadata }: Change, wait = 0): Promise<string> {
  const holder = { ...(email !== undefined && { email }), ...(phone !== undefined && { phone }) };
  const answer = await gateway.request('PATCH', path, {
    auth: world.partner,
    body: { ...(Object.keys(holder).length > 0 && { holder }), ...(metadata && { metadata }) },
    headers: { 'idempotency-key': unique('order'), prefer: `wait=${wait}` },
  });
  return textAt(answer.body, 'id');
}

function once(id: string, timeoutMs = 30_000): Promise<Answer> {
  return eventually(
    timeoutMs,
    () => world.call('GET', `/v1/transactions/${id}`),
    (one) => ['succeeded', 'failed'].includes(String(at(one.body, 'status'))),
  );
}

/** The updates that contain one of the marks, in the order in which LoyaltyLayer received them. */
async function arrivals(marks: readonly string[]): Promise<{ mark: string; atMs: number }[]> {
  const calls = await world.sandbox.calls('loyalty-layer');
  return calls
    .filter((call) => call['operation'] === 'pass-update')
    .flatMap((call) => {
      const mark = marks.find((one) => JSON.stringify(call['body']).includes(one));
      return mark === undefined ? [] : [{ mark, atMs: Date.parse(textAt(call, 'at')) }];
    });
}

async function sent(marks: readonly string[]): Promise<string[]> {
  return (await arrivals(marks)).map(({ mark }) => mark);
}

function fault(fault: string, operation = 'pass-update', times = 1, delayMs = 500): Promise<void> {
  return world.sandbox.fault({ provider: 'loyalty-layer', operation, fault, times, delayMs });
}

describe('the retry of an older update of a pass', () => {
  it.each(['status-500', 'status-500-after', 'drop-after', 'garbage', 'delay'])(
    'after the answer %s never overwrites a newer update, whichever instance sends it',
    async (kind) => {
      const path = await issued();
      const [a, b] = [`${unique('older')}@example.com`, `${unique('newer')}@example.com`];
      await fault(kind, 'pass-update', 1, 2_000);
      const older = await patch(world.gateway(), path, { email: a, metadata: { v: '1' } });
      await sleep(150);
      const newer = await patch(other, path, { email: b, metadata: { v: '2' } });
      expect((await once(newer)).body).toMatchObject({ status: 'succeeded' });
      const end = (await once(older)).body;
      if (at(end, 'status') === 'failed') {
        expect(end).toMatchObject({ failure: { code: 'superseded', category: 'request', retryable: false } });
      }
      await sleep(1_500);
      expect((await sent([a, b])).at(-1)).toBe(b);
      expect((await world.call('GET', path)).body).toMatchObject({ metadata: { v: '2' } });
    },
    60_000,
  );

  it('is not sent after a newer update that sets all of its members', async () => {
    const path = await issued();
    const [a, b] = [`${unique('older')}@example.com`, `${unique('newer')}@example.com`];
    await fault('status-500', 'pass-update', 3);
    const older = await patch(world.gateway(), path, { email: a, metadata: { v: '1' } });
    await eventually(
      10_000,
      () => sent([a]),
      (calls) => calls.length >= 1,
    );
    const newer = await patch(other, path, { email: b, metadata: { v: '2' } });
    expect((await once(newer)).body).toMatchObject({ status: 'succeeded' });
    expect((await once(older)).body).toMatchObject({ status: 'failed', failure: { code: 'superseded' } });
    expect((await sent([a, b])).at(-1)).toBe(b);
    const events = await world.call('GET', `/v1/transactions/${older}/events`);
    expect(JSON.stringify(events.body)).toContain(newer);
  }, 60_000);
});

it('a newer update of a pass waits for an older one that sets other members, and both take effect', async () => {
  const path = await issued();
  const [a, b] = [`${unique('first')}@example.com`, '+5511987654321'];
  await fault('status-500', 'pass-update', 2);
  const first = await patch(world.gateway(), path, { email: a });
  const second = await patch(other, path, { phone: b });
  const ends = await Promise.all([once(first, 40_000), once(second, 40_000)]);
  expect(ends.map(({ body }) => at(body, 'status'))).toEqual(['succeeded', 'succeeded']);
  const calls = await sent([a, b]);
  expect(calls.lastIndexOf(a)).toBeLessThan(calls.indexOf(b));
}, 60_000);

it('updates of one pass are sent one at a time and in order, by two instances', async () => {
  const path = await issued();
  const marks = Array.from({ length: 8 }, (_none, index) => `${unique(`step${index}x`)}@example.com`);
  await fault('delay', 'pass-update', 8, 300);
  const ids: string[] = [];
  for (const [index, email] of marks.entries()) {
    ids.push(await patch(index % 2 === 0 ? world.gateway() : other, path, { email, metadata: { v: String(index) } }));
  }
  const ends = await Promise.all(ids.map((id) => once(id, 60_000)));
  expect(at(ends.at(-1)?.body, 'status')).toBe('succeeded');
  const calls = await arrivals(marks);
  const order = calls.map(({ mark }) => marks.indexOf(mark));
  expect(order).toEqual(order.toSorted((one, two) => one - two));
  // Each answer takes 300 ms, and the next update is sent after it.
  const gaps = calls.slice(1).map(({ atMs }, index) => atMs - (calls[index]?.atMs ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThan(250);
  expect((await world.call('GET', path)).body).toMatchObject({ metadata: { v: '7' } });
}, 90_000);

it('the metadata of a pass are those of the newest update, even when an older one is late', async () => {
  const path = await issued();
  await fault('status-500', 'pass-update', 1);
  const older = await patch(world.gateway(), path, { email: `${unique('m')}@example.com`, metadata: { v: '1' } });
  const newer = await patch(other, path, { metadata: { v: '2' } }, 10);
  await Promise.all([once(older), once(newer)]);
  expect((await world.call('GET', path)).body).toMatchObject({ metadata: { v: '2' } });
}, 60_000);

describe('the cancel of a pass', () => {
  it('precedes a waiting update, which is then never sent', async () => {
    const path = await issued();
    const a = `${unique('late')}@example.com`;
    await fault('status-500', 'pass-update', 3);
    const update = await patch(world.gateway(), path, { email: a });
    await eventually(
      10_000,
      () => sent([a]),
      (calls) => calls.length >= 1,
    );
    const canceled = await other.request('POST', `${path}/cancel`, {
      auth: world.partner,
      headers: { 'idempotency-key': unique('cancel'), prefer: 'wait=15' },
    });
    expect(canceled.body).toMatchObject({ status: 'succeeded', pass: { status: 'canceled' } });
    const end = (await once(update)).body;
    expect(end).toMatchObject({ status: 'failed', failure: { code: 'superseded' } });
  }, 60_000);

  it('delays a later update while it waits, and LoyaltyLayer then refuses that update', async () => {
    const path = await issued();
    await fault('status-500', 'pass-cancel', 2);
    const cancel = await world.call('POST', `${path}/cancel`, undefined, { prefer: 'wait=0' });
    const update = await patch(other, path, { email: `${unique('after')}@example.com` });
    expect((await once(textAt(cancel.body, 'id'))).body).toMatchObject({ status: 'succeeded' });
    expect((await once(update)).body).toMatchObject({ status: 'failed', failure: { code: 'already_cancelled' } });
  }, 60_000);
});
