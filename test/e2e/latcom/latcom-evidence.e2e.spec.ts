import { setTimeout as sleep } from 'node:timers/promises';
import {
  weighEvidence,
  type ObservedBalance,
  type Purchase,
  type Series,
} from '../../../src/funds/balance-evidence.js';
import { at, textAt, type Answer } from '../../support/http.js';
import { MAGIC } from '../../support/magic.js';
import { startWorld, topup, type World } from '../../support/world.js';

const EXECUTED = MAGIC.latcom.executedAnswerLost;
const NOT_EXECUTED = MAGIC.latcom.notExecutedAnswerLost;
const TIMEOUT_MS = 1_000;

describe('the verdict', () => {
  const time = (second: number): Date => new Date(Date.UTC(2026, 0, 1) + second * 1000);
  const look = (second: number, balance: string): ObservedBalance => ({
    begunAt: time(second),
    at: time(second + 0.1),
    balance,
    transactionId: null,
  });
  const bought = (id: string, second: number, pesos: number, changes: Partial<Purchase> = {}): Purchase => ({
    id,
    amount: String(pesos * 100),
    isUnknown: true,
    from: time(second),
    to: time(second + 1),
    ...changes,
  });
  const subject = bought('u', 10, 170);
  const verdict = (changes: Partial<Series>): string =>
    weighEvidence(subject, {
      balances: [look(0, '100.00'), look(20, '90.00')],
      purchases: [subject],
      rates: ['1700'],
      ...changes,
    }).verdict;

  it.each<[string, Partial<Series>, string]>([
    ['the balance fell by its price', {}, 'proven_delivered'],
    ['the balance did not fall', { balances: [look(0, '100.00'), look(20, '100.00')] }, 'proven_not_delivered'],
    [
      'a known one explains the fall',
      { purchases: [subject, bought('k', 12, 170, { isUnknown: false })] },
      'proven_not_delivered',
    ],
    [
      'two known and unknown explain it',
      {
        balances: [look(0, '100.00'), look(20, '80.00')],
        purchases: [subject, bought('k', 12, 170, { isUnknown: false })],
      },
      'proven_delivered',
    ],
    ['another unknown explains it as well', { purchases: [subject, bought('v', 12, 170)] }, 'indeterminate'],
    [
      'only the other unknown explains it',
      { balances: [look(0, '100.00'), look(20, '98.24')], purchases: [subject, bought('v', 12, 30)] },
      'proven_not_delivered',
    ],
    [
      'nothing explains it: somebody else spends',
      { balances: [look(0, '100.00'), look(20, '95.00')] },
      'indeterminate',
    ],
    ['money was paid in', { balances: [look(0, '100.00'), look(20, '150.00')] }, 'indeterminate'],
    ['no balance before', { balances: [look(20, '90.00')] }, 'indeterminate'],
    ['no balance after', { balances: [look(0, '100.00')] }, 'indeterminate'],
    [
      'the balance after was asked for too early',
      { balances: [look(0, '100.00'), look(10.5, '100.00')] },
      'indeterminate',
    ],
    ['no rate', { rates: [] }, 'indeterminate'],
    ['rates that others have made', { rates: ['1700', '1200'] }, 'indeterminate'],
    [
      'another under way at the edge',
      { purchases: [subject, bought('k', 19.5, 170, { isUnknown: false })] },
      'indeterminate',
    ],
    [
      'too many unknown',
      { purchases: [subject, ...Array.from({ length: 13 }, (_none, n) => bought(`v${n}`, 12, 10))] },
      'indeterminate',
    ],
  ])('%s', (_what, changes, expected) => {
    expect(verdict(changes)).toBe(expected);
  });
});

describe('a balance that lags behind', () => {
  const LAG_SECONDS = 3;

  it('proves nothing before the lag is over', async () => {
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
  ])('says what the balance tells of one that was %s, and moves nothing', async (_what, phoneNumber, verdict) => {
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

  it('cannot tell two apart, of which one was executed', async () => {
    const both = [await buy(EXECUTED), await buy(NOT_EXECUTED)];
    await look();
    for (const bought of both) expect((await evidence(bought)).body).toMatchObject({ verdict: 'indeterminate' });
  });

  async function queue(query: string): Promise<unknown[]> {
    const data: unknown = at((await world.admin('GET', `/v1/admin/transactions/unknown${query}`)).body, 'data');
    if (!Array.isArray(data)) throw new Error('no queue');
    return data.map((row: unknown) => row);
  }

  it('stand in a queue for operators, oldest first, with age and amount, a page at a time', async () => {
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
  });

  it("is the app's own, and of one that is final says that", async () => {
    const bought = await buy('5537686660');
    expect((await evidence(bought)).body).toMatchObject({ verdict: 'proven_delivered', status: 'succeeded' });
    const auth = await world.createApp();
    const path = `/v1/transactions/${textAt(bought.body, 'id')}/evidence`;
    expect((await world.gateway().request('GET', path, { auth })).status).toBe(404);
  });
});
