import { setTimeout as sleep } from 'node:timers/promises';
import { at, textAt, type Answer } from '../../support/http.js';
import { MAGIC } from '../../support/magic.js';
import { startWorld, topup, type World } from '../../support/world.js';

const EXECUTED = MAGIC.latcom.executedAnswerLost;
const NOT_EXECUTED = MAGIC.latcom.notExecutedAnswerLost;
const TIMEOUT_MS = 1_000;

describe('the evidence of a balance that lags behind', () => {
  const LAG_SECONDS = 3;

  it('is indeterminate until the lag is over', async () => {
    const world = await startWorld({
      sandbox: { SANDBOX_BALANCE_LAG_MS: String(LAG_SECONDS * 1000) },
      gateway: {
        LATCOM_BALANCE_SECONDS: '3600',
        LATCOM_BALANCE_LAG_SECONDS: String(LAG_SECONDS),
        LATCOM_TIMEOUT_MS: String(TIMEOUT_MS),
      },
    });
    const buy = (phoneNumber: string): Promise<Answer> =>
      world.call('POST', '/v1/topups', topup({ phoneNumber }), { prefer: 'wait=15' });
    const look = (): Promise<Answer> => world.admin('GET', '/v1/admin/providers/latcom/balance?refresh=true');
    await look();
    await buy('5537686660');
    const path = `/v1/transactions/${textAt((await buy(EXECUTED)).body, 'id')}/evidence`;
    await sleep(TIMEOUT_MS + 200);
    // The balance includes neither purchase yet, as if the unknown one had not been executed.
    await look();
    expect((await world.call('GET', path)).body).toMatchObject({ verdict: 'indeterminate', balanceAfter: null });
    await sleep(LAG_SECONDS * 1000);
    await look();
    expect((await world.call('GET', path)).body).toMatchObject({ verdict: 'proven_delivered' });
  }, 30_000);
});

describe('GET /v1/transactions/{id}/evidence', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld({ gateway: { LATCOM_BALANCE_SECONDS: '3600', LATCOM_TIMEOUT_MS: String(TIMEOUT_MS) } });
    await buy('5537686660');
    await look();
  }, 60_000);

  const buy = (phoneNumber: string): Promise<Answer> =>
    world.call('POST', '/v1/topups', topup({ phoneNumber }), { prefer: 'wait=15' });

  /** Queries the balance like the schedule, after the deadline of all purchases. */
  async function look(): Promise<void> {
    await sleep(TIMEOUT_MS + 200);
    await world.admin('GET', '/v1/admin/providers/latcom/balance?refresh=true');
  }

  async function evidence(bought: Answer): Promise<Answer> {
    return world.call('GET', `/v1/transactions/${textAt(bought.body, 'id')}/evidence`);
  }

  it.each([
    ['executed', EXECUTED, 'proven_delivered'],
    ['not executed', NOT_EXECUTED, 'proven_not_delivered'],
  ])('weighs the balance for a purchase that was %s, and changes nothing', async (_what, phoneNumber, verdict) => {
    const bought = await buy(phoneNumber);
    const early = await evidence(bought);
    expect(early).toMatchObject({
      status: 200,
      body: { status: 'unknown', verdict: 'indeterminate', balanceAfter: null },
    });
    await look();
    const found = await evidence(bought);
    expect(found.body).toMatchObject({
      verdict,
      quantity: { value: '10.00', unit: 'MXN' },
      reasons: expect.arrayContaining([expect.stringMatching(/no other system spends/)]),
      balanceBefore: { balance: expect.stringMatching(/^\d+\.\d\d$/) },
      balanceAfter: { balance: expect.stringMatching(/^\d+\.\d\d$/) },
      events: [{ to: 'pending' }, { to: 'unknown' }],
    });
    expect(at((await world.call('GET', `/v1/topups/${textAt(bought.body, 'id')}`)).body, 'status')).toBe('unknown');
    const path = `/v1/admin/transactions/${textAt(bought.body, 'id')}/evidence`;
    expect((await world.admin('GET', path)).body).toMatchObject({ verdict });
  });

  it('is indeterminate for two equal purchases when one of them was executed', async () => {
    const both = [await buy(EXECUTED), await buy(NOT_EXECUTED)];
    await look();
    for (const bought of both) expect((await evidence(bought)).body).toMatchObject({ verdict: 'indeterminate' });
  });

  async function queue(query: string): Promise<unknown[]> {
    const data: unknown = at((await world.admin('GET', `/v1/admin/transactions/unknown${query}`)).body, 'data');
    if (!Array.isArray(data)) throw new Error('no queue');
    return data.map((row: unknown) => row);
  }

  it('and the queue of operators list unknown purchases, oldest first, with age and amount, in pages', async () => {
    for (let more = 0; more < 3; more += 1) await buy(EXECUTED);
    const bought = await buy(EXECUTED);
    const rows = await queue('');
    const ids = rows.map((row) => textAt(row, 'id'));
    expect(ids).toEqual([...ids].sort());
    expect(ids.at(-1)).toBe(at(bought.body, 'id'));
    expect(rows.at(-1)).toMatchObject({
      status: 'unknown',
      quantity: { value: '10.00', unit: 'MXN' },
      unknownSince: expect.stringMatching(/Z$/),
      topup: { phoneNumber: '******9602' },
    });
    const ages = rows.map((row) => Number(at(row, 'ageSeconds')));
    expect(ages).toEqual([...ages].sort((a, b) => b - a));
    expect(ages[0]).toBeGreaterThan(0);
    const first = await world.admin('GET', '/v1/admin/transactions/unknown?limit=2');
    const second = await queue(`?limit=2&cursor=${textAt(first.body, 'nextCursor')}`);
    expect(second.map((row) => textAt(row, 'id'))).toEqual(ids.slice(2, 4));
    expect(await queue('?provider=latam-pass')).toEqual([]);
    expect((await world.call('GET', '/v1/admin/transactions/unknown')).status).toBe(403);
    // What other tests see of the balance begins after these.
    await look();
  });

  it('is visible to its own app, also for a final purchase', async () => {
    const bought = await buy('5537686660');
    expect((await evidence(bought)).body).toMatchObject({ verdict: 'proven_delivered', status: 'succeeded' });
    const auth = await world.createApp();
    const path = `/v1/transactions/${textAt(bought.body, 'id')}/evidence`;
    expect((await world.gateway().request('GET', path, { auth })).status).toBe(404);
  });
});
