import fc from 'fast-check';
import { startGateway, type Gateway } from './support/gateway.js';
import { at, textAt } from './support/http.js';
import { eventually, startWorld, topup, unique, type World } from './support/world.js';

/** Ends of the sandbox's magic numbers that answer fast, and an ordinary one; a provider that lies in a refusal is not there. */
const ENDS = [
  ...['660', '005', '051', '083', '091', '191', '291', '077', '200', '201', '203', '204', '400', '401', '402', '403'],
  ...['500', '501', '504', '600', '601', '602', '604', '607', '609', '610'],
];
const RUNS = 6;
const MAX_MS = 45_000;

let world: World;
let another: Gateway;

beforeAll(async () => {
  world = await startWorld({ gateway: { LATCOM_TIMEOUT_MS: '800', BREAKER_FAILURES: '100000' } });
  another = await startGateway({ databaseUrl: world.database.url, env: world.env });
}, 60_000);

/** What really happened at LATCOM, by `distributor_transaction_id`. */
async function executed(): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { key } of await world.sandbox.effects('latcom'))
    counts.set(String(key), (counts.get(String(key)) ?? 0) + 1);
  return counts;
}

async function buy(end: string, first: boolean): Promise<string> {
  const body = topup({ phoneNumber: `5537689${end}` });
  const headers = { 'idempotency-key': unique('property'), prefer: 'wait=5' };
  // Both instances get the same request at the same time, as after a caller's timeout.
  const gateways = first ? [world.gateway(), another] : [another, world.gateway()];
  for (;;) {
    const answers = await Promise.all(
      gateways.map((gateway) => gateway.request('POST', '/v1/topups', { auth: world.partner, body, headers })),
    );
    const ids = new Set(answers.flatMap((one) => (one.status < 300 ? [textAt(one.body, 'id')] : [])));
    // Refused for a moment, while the balance is looked at after a "51".
    if (ids.size === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    else {
      expect(ids.size).toBe(1);
      return [...ids].join('').slice('txn_'.length);
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

it('whatever happens on the way, no purchase is executed twice and no final state is false', async () => {
  const orders = fc.array(fc.record({ end: fc.constantFrom(...ENDS), first: fc.boolean() }), {
    minLength: 8,
    maxLength: 16,
  });
  await fc.assert(
    fc.asyncProperty(orders, async (list) => {
      const ids = await Promise.all(list.map(({ end, first }) => buy(end, first)));
      const statuses = await Promise.all(ids.map(statusOf));
      const truth = await executed();
      const wrong = ids.flatMap((id, index) => {
        const times = truth.get(id) ?? 0;
        const status = statuses[index];
        const isFalse = times > 1 || (status === 'succeeded' && times === 0) || (status === 'failed' && times > 0);
        return isFalse ? [`${String(list[index]?.end)}: ${String(status)}, executed ${times}`] : [];
      });
      expect(wrong).toEqual([]);
    }),
    { numRuns: RUNS, interruptAfterTimeLimit: MAX_MS, endOnFailure: true },
  );
}, 120_000);

it('of a queue that was waiting, each purchase is sent by one of two instances, once', async () => {
  await world.admin('POST', '/v1/admin/providers/latcom/pause', { reason: 'test' });
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => world.call('POST', '/v1/topups', topup(), { prefer: 'wait=0' })),
  );
  const ids = answers.map((one) => textAt(one.body, 'id').slice('txn_'.length));
  await world.admin('POST', '/v1/admin/providers/latcom/resume');
  expect(new Set(await Promise.all(ids.map(statusOf)))).toEqual(new Set(['succeeded']));
  const truth = await executed();
  expect(ids.map((id) => truth.get(id))).toEqual(ids.map(() => 1));
}, 60_000);
