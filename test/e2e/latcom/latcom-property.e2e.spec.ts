import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { startGateway, type Gateway } from '../../support/gateway.js';
import { at, textAt } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { MAGIC } from '../../support/magic.js';
import { eventually } from '../../support/wait.js';
import { startWorld, topup, type World } from '../../support/world.js';

/** Magic numbers that are answered fast, and an ordinary one. Numbers with a false refusal are left out. */
const PHONE_NUMBERS = [
  '5537689660',
  MAGIC.latcom.declinedNotAuthorized,
  MAGIC.latcom.declinedInsufficientFunds,
  MAGIC.latcom.declinedInvalidPhone,
  MAGIC.latcom.issuerUnavailable,
  MAGIC.latcom.issuerUnavailableWith200,
  MAGIC.latcom.executedIssuerUnavailable,
  MAGIC.latcom.undocumentedCode,
  MAGIC.latcom.refusedWithoutCode[200],
  MAGIC.latcom.executedApprovedWithCode05,
  MAGIC.latcom.executedUnderAnotherId,
  MAGIC.latcom.executedEmptyAnswer,
  MAGIC.latcom.refusedWithoutCode[400],
  MAGIC.latcom.tokenRefusedOnce,
  MAGIC.latcom.refusedWithoutCode[402],
  MAGIC.latcom.htmlWith403,
  MAGIC.latcom.serverError,
  MAGIC.latcom.executedServerError,
  MAGIC.latcom.executedGatewayTimeout,
  MAGIC.latcom.html,
  MAGIC.latcom.notExecutedAnswerLost,
  MAGIC.latcom.executedAnswerLost,
  MAGIC.latcom.executedNeverAnswered,
  MAGIC.latcom.executedAnswerTruncated,
  MAGIC.latcom.executedAnswerNotJson,
  MAGIC.latcom.executedHtml,
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

async function buy(phoneNumber: string, first: boolean): Promise<string> {
  const body = topup({ phoneNumber });
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

type Order = Readonly<{ phoneNumber: string; first: boolean }>;

const ORDERS = fc.array(fc.record({ phoneNumber: fc.constantFrom(...PHONE_NUMBERS), first: fc.boolean() }), {
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
    return isFalse ? [`${String(list[index]?.phoneNumber)}: ${String(status)}, executed ${times}`] : [];
  });
}

it('under any mix of answers, no purchase is executed twice and no final status is false', async () => {
  await fc.assert(
    fc.asyncProperty(ORDERS, async (list) => {
      const ids = await Promise.all(list.map(({ phoneNumber, first }) => buy(phoneNumber, first)));
      expect(await wrongOf(list, ids)).toEqual([]);
    }),
    { numRuns: RUNS, interruptAfterTimeLimit: MAX_MS, endOnFailure: true },
  );
}, 120_000);

it('under any mix of answers and a kill, no purchase is executed twice and no final status is false', async () => {
  await fc.assert(
    fc.asyncProperty(ORDERS, fc.integer({ min: 0, max: 300 }), async (list, killAfterMs) => {
      const killed = sleep(killAfterMs).then(() => world.crash());
      const ids = await Promise.all(list.map(({ phoneNumber, first }) => buy(phoneNumber, first)));
      await killed;
      expect(await wrongOf(list, ids)).toEqual([]);
    }),
    { numRuns: KILLS, interruptAfterTimeLimit: MAX_MS, endOnFailure: true },
  );
}, 120_000);

it('each purchase of a waiting queue is sent once, by one of two instances', async () => {
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
