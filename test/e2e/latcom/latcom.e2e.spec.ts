import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { at, textAt, type Answer } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { MAGIC } from '../../support/magic.js';
import { eventually } from '../../support/wait.js';
import { startWorld, topup, type World } from '../../support/world.js';

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

async function purchases(id: string): Promise<number> {
  const calls = await world.sandbox.calls('latcom');
  return calls.filter((call) => JSON.stringify(call['body'] ?? null).includes(bareId(id))).length;
}

function ended(id: string, timeoutMs = 15_000): Promise<Answer> {
  return eventually(
    timeoutMs,
    () => world.call('GET', `/v1/topups/${id}`),
    (one) => !['pending', 'processing'].includes(String(at(one.body, 'status'))),
  );
}

/** The held and the posted pesos of the partner in the ledger. */
async function pesos(): Promise<{ held: unknown; posted: unknown }> {
  const answer = await world.admin('GET', '/v1/admin/ledger/balances');
  const accounts = at(answer.body, 'data');
  const own = Array.isArray(accounts) ? accounts.find((one) => at(one, 'account') === 'latcom') : undefined;
  return { held: at(own, 'held') ?? '0.00', posted: at(own, 'posted') ?? '0.00' };
}

async function paused(work: () => Promise<void>): Promise<void> {
  await world.admin('POST', '/v1/admin/providers/latcom/pause', { reason: 'test' });
  try {
    await work();
  } finally {
    await world.admin('POST', '/v1/admin/providers/latcom/resume');
  }
}

describe('validating a top-up', () => {
  const validate = (body: unknown): Promise<Answer> => world.call('POST', '/v1/topups/validate', body);

  it('reports a valid one as valid, sends nothing, and uses up neither reference nor key', async () => {
    const phoneNumber = '5537680001';
    const order = topup({ allowDuplicate: false, phoneNumber });
    for (let again = 0; again < 2; again += 1) {
      expect(await validate(order)).toMatchObject({ status: 200, body: { valid: true, problems: [] } });
    }
    // Only the calls with this phone number, because the gateway also queries the balance on a schedule.
    const sent = async (): Promise<unknown[]> =>
      (await world.sandbox.calls('latcom')).filter((call) => String(call['body']).includes(phoneNumber));
    expect(await sent()).toEqual([]);
    expect((await world.call('POST', '/v1/topups', order)).status).toBe(201);
    expect(await sent()).toHaveLength(1);
  });

  it.each([
    ['a price', { productId: 'MOVISTAR_PAQUETE_16' }, '/amount/value'],
    ['an unknown product', { productId: 'NONE' }, '/productId'],
    ['an old prefix', { phoneNumber: '+5215537686660' }, '/phoneNumber'],
    ['a float', { amount: { value: 10, currency: 'MXN' } }, '/amount/value'],
    ['another currency', { amount: { value: '10.00', currency: 'USD' } }, '/amount/currency'],
    ['an unknown member', { tip: '1' }, '/tip'],
    ['the past', { expiresAt: '2020-01-01T00:00:00Z' }, '/expiresAt'],
    ['no reference', { reference: undefined }, '/reference'],
  ])('names the same fields as buying it: %s', async (_what, changes, pointer) => {
    const answer = await validate(topup(changes));
    expect(answer).toMatchObject({ status: 200, body: { valid: false } });
    const refused = await world.call('POST', '/v1/topups', topup(changes));
    expect(refused.status).toBe(400);
    expect(at(answer.body, 'problems')).toEqual(at(refused.body, 'errors'));
    expect(at(answer.body, 'problems', 0, 'pointer')).toBe(pointer);
  });

  it('reports a used reference and a possible duplicate', async () => {
    const order = topup({ phoneNumber: '5537680002', allowDuplicate: false });
    await world.call('POST', '/v1/topups', order);
    expect((await validate(order)).body).toMatchObject({ valid: false, problems: [{ pointer: '/reference' }] });
    const other = { ...order, reference: unique('other') };
    expect((await validate(other)).body).toMatchObject({ valid: false, problems: [{ pointer: '/allowDuplicate' }] });
    expect((await validate({ ...other, allowDuplicate: true })).body).toMatchObject({ valid: true });
  });
});

describe('canceling a top-up', () => {
  it('releases its hold, and it is never sent', async () => {
    const before = await pesos();
    await paused(async () => {
      const id = textAt((await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=0' })).body, 'id');
      const other = await world.createApp();
      const foreign = await world.gateway().request('POST', `/v1/topups/${id}/cancel`, { auth: other });
      expect(foreign.status).toBe(404);
      const canceled = await world.call('POST', `/v1/topups/${id}/cancel`);
      expect(canceled).toMatchObject({ status: 200, body: { status: 'canceled', completedAt: expect.any(String) } });
      expect(await world.call('POST', `/v1/topups/${id}/cancel`)).toMatchObject({
        status: 409,
        body: { code: 'invalid_state' },
      });
      await world.admin('POST', '/v1/admin/providers/latcom/resume');
      await sleep(1_500);
      expect(await purchases(id)).toBe(0);
    });
    expect(await pesos()).toEqual(before);
  });

  it.each([
    ['succeeded', '5537686660', 'succeeded'],
    ['unknown', MAGIC.latcom.executedAnswerLost, 'unknown'],
    ['failed', MAGIC.latcom.declinedInvalidPhone, 'failed'],
  ])('is refused when it is %s', async (_what, phoneNumber, status) => {
    const answer = await world.call('POST', '/v1/topups', topup({ phoneNumber }), { prefer: 'wait=15' });
    expect(at(answer.body, 'status')).toBe(status);
    const canceled = await world.call('POST', `/v1/topups/${textAt(answer.body, 'id')}/cancel`);
    expect(canceled).toMatchObject({ status: 409, body: { code: 'invalid_state' } });
  });

  it('is refused while it is being sent', async () => {
    const answer = await world.call(
      'POST',
      '/v1/topups',
      topup({ phoneNumber: MAGIC.latcom.executedAnsweredAfter8Seconds }),
      { prefer: 'wait=0' },
    );
    const id = textAt(answer.body, 'id');
    expect((await world.call('POST', `/v1/topups/${id}/cancel`)).status).toBe(409);
    expect(at((await ended(id)).body, 'status')).toBe('succeeded');
  });

  it("is refused when a sender claims it between the cancel's read and write", async () => {
    const sender = new Client({ connectionString: world.database.url });
    await sender.connect();
    const waiting = `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
    await paused(async () => {
      const id = textAt((await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=0' })).body, 'id');
      await sender.query('begin');
      // Simulates a claim: before its commit, readers do not see it and writers wait.
      await sender.query(
        `update transactions set attempt_open = true, attempts = attempts + 1, epoch = epoch + 1,
           due_at = now() + interval '1 minute' where id = $1`,
        [bareId(id)],
      );
      const cancel = world.call('POST', `/v1/topups/${id}/cancel`);
      await eventually(
        10_000,
        () => sender.query(waiting),
        ({ rowCount }) => rowCount === 1,
      );
      await sender.query('commit');
      expect(await cancel).toMatchObject({ status: 409, body: { code: 'invalid_state' } });
      expect(at((await world.call('GET', `/v1/topups/${id}`)).body, 'status')).toBe('pending');
    }).finally(() => sender.end());
  });

  it('has exactly one winner when the sending begins at the same moment', async () => {
    const ids: string[] = [];
    await paused(async () => {
      for (let index = 0; index < 40; index += 1) {
        ids.push(textAt((await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=0' })).body, 'id'));
      }
    });
    const statuses = await Promise.all(
      ids.map(async (id, index) => {
        await sleep(index * 20);
        return (await world.call('POST', `/v1/topups/${id}/cancel`)).status;
      }),
    );
    const outcomes = new Set<string>();
    for (const [index, id] of ids.entries()) {
      const status = String(at((await ended(id)).body, 'status'));
      outcomes.add(`${String(statuses[index])} ${status} ${await purchases(id)}`);
    }
    // Either can win here. The next test decides the order.
    expect(['200 canceled 0', '409 succeeded 1']).toEqual(expect.arrayContaining([...outcomes]));
  }, 60_000);
});

describe('a top-up that cannot be sent in time', () => {
  const soon = (): string => new Date(Date.now() + 2_500).toISOString();

  it('fails when it expires, also while the provider is paused', async () => {
    const before = await pesos();
    await paused(async () => {
      const answer = await world.call('POST', '/v1/topups', topup({ expiresAt: soon() }), { prefer: 'wait=0' });
      const id = textAt(answer.body, 'id');
      expect(at(answer.body, 'status')).toBe('pending');
      const failed = await ended(id);
      expect(failed.body).toMatchObject({
        status: 'failed',
        failure: { code: 'not_sent_in_time', category: 'provider', retryable: true },
      });
      expect(await purchases(id)).toBe(0);
    });
    expect(await pesos()).toEqual(before);
  });

  it('fails when LATCOM throttles it until it expires', async () => {
    // In a world of its own: LATCOM is not called for the rest of that minute.
    const other = await startWorld();
    const limit = { provider: 'latcom', operation: 'purchase', fault: '429', delayMs: 60_000, times: 1 };
    await other.sandbox.fault(limit);
    const answer = await other.call('POST', '/v1/topups', topup({ expiresAt: soon() }), { prefer: 'wait=10' });
    expect(answer.body).toMatchObject({ status: 'failed', failure: { code: 'not_sent_in_time' } });
  }, 60_000);
});
