import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { startGateway, type Gateway } from '../../support/gateway.js';
import { at, textAt } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { eventually } from '../../support/wait.js';
import { startWorld, topup, type World } from '../../support/world.js';

/** Ends of magic numbers that are answered fast, and an ordinary one. Numbers with a false refusal are left out. */
const ENDS = [
  ...['660', '005', '051', '083', '091', '191', '291', '077', '200', '201', '203', '204', '400', '401', '402', '403'],
  ...['500', '501', '504', '600', '601', '602', '604', '607', '609', '610'],
];
const RUNS = 6;
const KILLS = 2;
const MAX_MS = 45_000;

let world: World;
let another: Gateway;

beforeAll(async () => {
  world = await startWorld({ gateway: { LATCOM_TIMEOUT_MS: '800', BREAKER_FAILURES: '100000' } });
  another = await startGateway({ databaseUrl: world.database.url, env: world.env });
}, 60_000);

/** The number of purchases that LATCOM executed, by `distributor_transaction_id`. */
async function executed(): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { key } of await world.sandbox.effects('latcom'))
    counts.set(String(key), (counts.get(String(key)) ?? 0) + 1);
  return counts;
}

async function buy(end: string, first: boolean): Promise<string> {
  const body = topup({ phoneNumber: `5537689${end}` });
  const headers = { 'idempotency-key': unique('property'), prefer: 'wait=5' };
  for (;;) {
    // Both instances get the same request at the same time, as after a caller's timeout.
    const gateways = first ? [world.gateway(), another] : [another, world.gateway()];
    const answers = await Promise.all(
      gateways.map((gateway) =>
        // A killed gateway gives no answer. The same request is sent again.
        gateway.request('POST', '/v1/topups', { auth: world.partner, body, headers }).catch(() => null),
      ),
    );
    const ids = new Set(answers.flatMap((one) => (one && one.status < 300 ? [textAt(one.body, 'id')] : [])));
    // Purchases are refused for a moment while the balance is queried after a "51", or while an instance starts.
    if (ids.size === 0) await sleep(50);
    else {
      expect(ids.size).toBe(1);
      return bareId([...ids].join(''));
    }
  }
}

async function statusOf(id: string): Promise<string> {
  const ended = await eventually(
    30_000,
    () => world.call('GET', `/v1/topups/txn_${id}`),
    (one) => at(one.body, 'status') !== 'pending',
  );
  return String(at(ended.body, 'status'));
}

type Order = Readonly<{ end: string; first: boolean }>;

const ORDERS = fc.array(fc.record({ end: fc.constantFrom(...ENDS), first: fc.boolean() }), {
  minLength: 8,
  maxLength: 16,
});

/** Purchases whose status contradicts the effects at LATCOM, or that were executed more than once. */
async function wrongOf(list: readonly Order[], ids: readonly string[]): Promise<string[]> {
  const statuses = await Promise.all(ids.map(statusOf));
  const truth = await executed();
  return ids.flatMap((id, index) => {
    const times = truth.get(id) ?? 0;
    const status = statuses[index];
    const isFalse = times > 1 || (status === 'succeeded' && times === 0) || (status === 'failed' && times > 0);
    return isFalse ? [`${String(list[index]?.end)}: ${String(status)}, executed ${times}`] : [];
  });
}

it('whatever happens on the way, no purchase is executed twice and no final state is false', async () => {
  await fc.assert(
    fc.asyncProperty(ORDERS, async (list) => {
      const ids = await Promise.all(list.map(({ end, first }) => buy(end, first)));
      expect(await wrongOf(list, ids)).toEqual([]);
    }),
    { numRuns: RUNS, interruptAfterTimeLimit: MAX_MS, endOnFailure: true },
  );
}, 120_000);

it('nor when an instance is killed in the middle of it', async () => {
  await fc.assert(
    fc.asyncProperty(ORDERS, fc.integer({ min: 0, max: 300 }), async (list, killAfterMs) => {
      const killed = sleep(killAfterMs).then(() => world.crash());
      const ids = await Promise.all(list.map(({ end, first }) => buy(end, first)));
      await killed;
      expect(await wrongOf(list, ids)).toEqual([]);
    }),
    { numRuns: KILLS, interruptAfterTimeLimit: MAX_MS, endOnFailure: true },
  );
}, 120_000);

it('of a queue that was waiting, each purchase is sent by one of two instances, once', async () => {
  await world.admin('POST', '/v1/admin/providers/latcom/pause', { reason: 'test' });
  await sleep(1_200);
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => world.call('POST', '/v1/topups', topup(), { prefer: 'wait=0' })),
  );
  const ids = answers.map((one) => bareId(textAt(one.body, 'id')));
  await world.admin('POST', '/v1/admin/providers/latcom/resume');
  expect(new Set(await Promise.all(ids.map(statusOf)))).toEqual(new Set(['succeeded']));
  const truth = await executed();
  expect(ids.map((id) => truth.get(id))).toEqual(ids.map(() => 1));
}, 60_000);
