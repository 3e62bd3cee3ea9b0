import { setTimeout as sleep } from 'node:timers/promises';
import { at, textAt, type Answer } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import {
  emailOf,
  issueAll,
  issued,
  sendJson,
  startLoyaltyLayerStub,
  type BatchCall,
  type LoyaltyLayerStub,
} from '../../support/loyalty-layer-stub.js';
import { useUpQuota } from '../../support/quota.js';
import { withClient } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { pass, startWorld, type World } from '../../support/world.js';

const LIMIT = 100;
/** The number of used permits with which background work has one left, because it leaves three to others. */
const ONE_LEFT = LIMIT - 4;

let stub: LoyaltyLayerStub;
let world: World;

beforeAll(async () => {
  stub = await startLoyaltyLayerStub();
  world = await startWorld({
    gateway: {
      LOYALTY_LAYER_BASE_URL: stub.baseUrl,
      LOYALTY_LAYER_REQUESTS_PER_MINUTE: String(LIMIT),
      // Small batches, because a full batch is sent at once.
      LOYALTY_LAYER_BATCH_MAX_SIZE: '3',
      BREAKER_FAILURES: '100000',
    },
  });
  // Logs in first, so that only passes use permits.
  await world.call('POST', '/v1/passes', order(unique('first')), { prefer: 'wait=20' });
}, 60_000);

afterAll(() => stub.close());

function order(name: string): Record<string, unknown> {
  return pass({ holder: { firstName: 'Ana', lastName: 'Souza', email: `${name}@example.com` } });
}

/** Creates passes while the quota is used up. Returns them in the order of sending. */
async function queue(count: number): Promise<{ id: string; email: string }[]> {
  await useUpQuota(world.database.url, LIMIT);
  const queued: { id: string; email: string }[] = [];
  for (let index = 0; index < count; index += 1) {
    const name = unique('waiting');
    const answer = await world.call('POST', '/v1/passes', order(name), { prefer: 'wait=0' });
    expect(at(answer.body, 'status')).toBe('pending');
    queued.push({ id: textAt(answer.body, 'id'), email: `${name}@example.com` });
  }
  return queued;
}

async function transaction(id: string): Promise<unknown> {
  return (await world.call('GET', `/v1/transactions/${id}`)).body;
}

async function history(id: string): Promise<unknown[]> {
  const events = at((await world.call('GET', `/v1/transactions/${id}/events`)).body, 'data');
  if (!Array.isArray(events)) throw new Error('no events');
  return events.map((event: unknown) => event);
}

async function ended(queued: readonly { id: string }[]): Promise<unknown[]> {
  return eventually(
    15_000,
    () => Promise.all(queued.map(({ id }) => transaction(id))),
    (all) => all.every((one) => at(one, 'status') !== 'pending'),
  );
}

/** Sends the waiting creates in one batch. Returns their final transactions. */
async function coalesce(count: number, behave: LoyaltyLayerStub['behave']): Promise<unknown[]> {
  stub.behave = behave;
  const queued = await queue(count);
  const before = stub.batches.length;
  await useUpQuota(world.database.url, ONE_LEFT);
  const all = await ended(queued);
  expect(stub.batches.length).toBe(before + 1);
  expect(stub.batches.at(-1)?.map(emailOf)).toEqual(queued.map(({ email }) => email));
  return all;
}

/** Passes that LoyaltyLayer was asked for twice, because it had refused them before their execution. */
const sentAgain = new Set<string>();

afterEach(() => {
  expect([...stub.asked].filter(([email, times]) => times > (sentAgain.has(email) ? 2 : 1))).toEqual([]);
});

const statuses = (list: readonly unknown[]): string => list.map((one) => String(at(one, 'status'))).join(' ');

it('at low load each create is sent alone and at once', async () => {
  await useUpQuota(world.database.url, 0);
  const before = { batches: stub.batches.length, single: stub.single.length };
  for (let times = 0; times < 20; times += 1) {
    const answer = await world.call('POST', '/v1/passes', order(unique('low')), { prefer: 'wait=10' });
    expect([answer.status, (await history(textAt(answer.body, 'id'))).length]).toEqual([201, 2]);
  }
  expect(stub.batches.length).toBe(before.batches);
  expect(stub.single.length).toBe(before.single + 20);
}, 30_000);

it('a dead token costs eight permits at most, not one for each caller', async () => {
  await useUpQuota(world.database.url, 0);
  stub.expireTokens(300);
  const issue = (): Promise<Answer> => world.call('POST', '/v1/passes', order(unique('storm')), { prefer: 'wait=20' });
  const answers = await Promise.all(Array.from({ length: 40 }, issue));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  expect(stub.refused).toBeLessThanOrEqual(8);
}, 30_000);

it('when permits are scarce, creates are sent as a batch that was recorded before', async () => {
  let mapped = 0;
  const all = await coalesce(3, (call) => {
    void withClient(world.database.url, async (client) => {
      const { rowCount } = await client.query(
        `select from transaction_batches b join transactions t on t.id = b.transaction_id where t.status = 'pending'`,
      );
      mapped = rowCount ?? 0;
      issueAll(call);
    });
  });
  expect(statuses(all)).toBe('succeeded succeeded succeeded');
  expect(mapped).toBe(3);
  for (const [position, one] of all.entries()) {
    const events = await history(textAt(one, 'id'));
    expect(events.at(-2)).toMatchObject({ evidence: 'put into a batch', to: null, detail: { position, size: 3 } });
    expect(events.at(-1)).toMatchObject({ to: 'succeeded', detail: { position, size: 3 } });
    expect(at(one, 'pass', 'status')).toBe('active');
  }
}, 30_000);

const list =
  (arrange: (items: object[], call: BatchCall) => unknown, status = 200) =>
  (call: BatchCall): void =>
    sendJson(call.response, status, {
      results: arrange(
        call.orders.map((one, index) => issued(one, index)),
        call,
      ),
    });
const error = (index: number, code: number, name: string): object => ({
  index,
  success: false,
  error: { error: name, error_description: 'no', code },
});

describe('a batch of three creates', () => {
  it.each<[string, LoyaltyLayerStub['behave'], string]>([
    ['in order', list((items) => items), 'succeeded succeeded succeeded'],
    ['in reverse', list((items) => items.reverse()), 'succeeded succeeded succeeded'],
    ['a 207', list((items) => items, 207), 'succeeded succeeded succeeded'],
    ['without one result', list((items) => items.toSpliced(1, 1)), 'succeeded unknown succeeded'],
    [
      'a list with one result too many',
      list((items) => [...items, { index: 3, pass_id: 'x' }]),
      'succeeded succeeded succeeded',
    ],
    [
      'a list with a place twice',
      list((items) => [...items, { index: 2, pass_id: 'x' }]),
      'succeeded succeeded unknown',
    ],
    [
      "a list with another person's holder",
      list((items, { orders }) => items.with(0, { ...items[0], holder: orders[1]?.['holder'] })),
      'unknown succeeded succeeded',
    ],
    [
      'a list with errors of items',
      list((items) => items.with(1, error(1, 400, 'invalid_enrol_token')).with(2, error(2, 504, 'provider_timeout'))),
      'succeeded failed unknown',
    ],
    ['a list with null items', list((items) => [items[0], null, 'ok']), 'succeeded unknown unknown'],
    ['an object instead of a list', list((items) => ({ ...items })), 'unknown unknown unknown'],
    [
      'cut off',
      ({ orders, response }) => {
        const text = JSON.stringify({ results: orders.map((one, index) => issued(one, index)) });
        response.writeHead(200, { 'content-length': text.length });
        response.write(text.slice(0, text.length / 2), () => response.destroy());
      },
      'unknown unknown unknown',
    ],
    ['HTML', ({ response }) => void response.end('<html>Maintenance</html>'), 'unknown unknown unknown'],
    ['a list with 500', list((items) => items, 500), 'unknown unknown unknown'],
    ['a 504', ({ response }) => sendJson(response, 504, { error: 'provider_timeout' }), 'unknown unknown unknown'],
    ['a lost connection', ({ response }) => void response.destroy(), 'unknown unknown unknown'],
  ])('is settled item by item when the answer is %s', async (_what, behave, expected) => {
    const all = await coalesce(3, behave);
    expect(statuses(all)).toBe(expected);
    // A misunderstood batch response counts against batches. An understood one resets that count.
    if (expected.includes('unknown'))
      expect(statuses(await coalesce(3, issueAll))).toBe('succeeded succeeded succeeded');
  });

  it('is sent again after a refusal before its execution', async () => {
    for (const status of [429, 401]) {
      let refused = 0;
      const body = { error: status === 401 ? 'invalid_token' : 'rate_limit_exceeded', code: status, retry_after: 1 };
      stub.behave = (call) => {
        if ((refused += 1) > 1) return issueAll(call);
        sendJson(call.response, status, body);
        void useUpQuota(world.database.url, ONE_LEFT);
      };
      const queued = await queue(3);
      for (const { email } of queued) sentAgain.add(email);
      await useUpQuota(world.database.url, ONE_LEFT);
      const all = await ended(queued);
      expect(statuses(all)).toBe('succeeded succeeded succeeded');
      expect(queued.map(({ email }) => stub.asked.get(email))).toEqual([2, 2, 2]);
    }
  });
});

describe('a batch whose gateway is killed', () => {
  const leaseEnds = (): Promise<unknown> =>
    withClient(world.database.url, (client) =>
      client.query(`update transactions set due_at = now() where status = 'pending' and attempt_open`),
    );

  it('between its record and the answer is unknown and is never sent again', async () => {
    stub.behave = () => undefined;
    const queued = await queue(3);
    const before = stub.batches.length;
    await useUpQuota(world.database.url, ONE_LEFT);
    await eventually(
      10_000,
      () => Promise.resolve(stub.batches.length),
      (count) => count === before + 1,
    );
    await world.crash();
    stub.behave = issueAll;
    await leaseEnds();
    await useUpQuota(world.database.url, 0);
    expect(statuses(await ended(queued))).toBe('unknown unknown unknown');
    for (const { id } of queued) {
      const events = await history(id);
      expect(events.slice(-2)).toMatchObject([{ evidence: 'put into a batch' }, { evidence: 'interrupted' }]);
    }
    await sleep(1_500);
    expect(queued.map(({ email }) => stub.asked.get(email))).toEqual([1, 1, 1]);
  }, 40_000);

  it('between its record and the call is unknown as well', async () => {
    const queued = await queue(3);
    // A lock on the quota's row stops all grants of permits.
    await withClient(world.database.url, async (client) => {
      await useUpQuota(world.database.url, ONE_LEFT);
      await client.query('begin');
      await client.query(`select from provider_quotas for update`);
      const mapped = `select from transaction_batches where transaction_id = any($1::uuid[])`;
      const ids = queued.map(({ id }) => bareId(id));
      await eventually(
        10_000,
        async () => (await client.query(mapped, [ids])).rowCount,
        (rows) => rows === 3,
      );
      const crashed = world.crash();
      await client.query('rollback');
      await crashed;
    });
    await leaseEnds();
    await useUpQuota(world.database.url, 0);
    expect(statuses(await ended(queued))).toBe('unknown unknown unknown');
    expect(queued.map(({ email }) => stub.asked.get(email) ?? 0)).toEqual([0, 0, 0]);
  }, 40_000);
});
