import fc from 'fast-check';
import type { Pool } from 'pg';
import { newUuid } from '../../src/common/ids.js';
import { Database } from '../../src/database/database.js';
import { DeliveryClaims } from '../../src/webhooks/deliveries/delivery-claims.service.js';
import { DeliveryResults } from '../../src/webhooks/deliveries/delivery-results.service.js';
import type { ClaimedDelivery } from '../../src/webhooks/deliveries/delivery.js';
import type { SendResult } from '../../src/webhooks/sending/webhook-http.service.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';

/*
 * Several instances claim, send and write at once, with the statements of the gateway on a real database. Attempts fail at
 * random, and instances die after sending or write late. Time is not waited for: rows become due between two rounds.
 */

const INSTANCES = 3;
const MAX_ROUNDS = 60;

/** What becomes of an attempt, and whether the receiver took the event. */
const OUTCOMES = {
  ok: { status: 200, isTaken: true, isWritten: true },
  refused: { status: 422, isTaken: false, isWritten: true },
  down: { status: 503, isTaken: false, isWritten: true },
  timeout: { status: null, isTaken: false, isWritten: true },
  /** The receiver took it, and the answer was lost. */
  'lost answer': { status: null, isTaken: true, isWritten: true },
  /** The instance dies before it sends. */
  'died before': { status: null, isTaken: false, isWritten: false },
  /** The instance dies before it has written the result: the receiver took the event. */
  'died after': { status: 200, isTaken: true, isWritten: false },
} as const;
type Outcome = keyof typeof OUTCOMES | 'late';

const outcome = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Outcome>('ok') },
  {
    weight: 5,
    arbitrary: fc.constantFrom<Outcome>(
      'refused',
      'down',
      'timeout',
      'lost answer',
      'died before',
      'died after',
      'late',
    ),
  },
);
const scenario = fc.record({
  endpoints: fc.integer({ min: 1, max: 3 }),
  /** Events of each transaction. */
  transactions: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 }),
  /** At first; afterwards all attempts succeed. */
  outcomes: fc.array(outcome, { maxLength: 60 }),
});

let place: TestDatabase;
let pool: Pool;
let instances: { readonly claims: DeliveryClaims; readonly results: DeliveryResults }[];

beforeAll(async () => {
  place = await createDatabase();
  pool = openPool(place, 2 * INSTANCES);
  const database = new Database(pool);
  instances = Array.from({ length: INSTANCES }, () => ({
    claims: new DeliveryClaims(database),
    results: new DeliveryResults(database),
  }));
});

afterAll(async () => {
  await pool.end();
  await place.drop();
});

const keyOf = ({ endpointId, transactionId }: ClaimedDelivery): string => `${endpointId} ${transactionId}`;

async function fill(endpoints: number, transactions: readonly number[]): Promise<number> {
  await pool.query('delete from webhook_deliveries');
  await pool.query('delete from webhook_endpoints');
  const appId = newUuid();
  const endpointIds = Array.from({ length: endpoints }, newUuid);
  for (const id of endpointIds) {
    const values = [id, appId, `https://partner.example/${id}`];
    await pool.query(`insert into webhook_endpoints (id, app_id, url, types) values ($1, $2, $3, '{}')`, values);
  }
  for (const events of transactions) {
    // All are due; a later event may have been written before an earlier one was sent.
    await pool.query(
      `insert into webhook_deliveries (endpoint_id, transaction_id, seq, id, app_id, event_id, type)
       select e, $2, s, gen_random_uuid(), $3, gen_random_uuid(), 'transaction.pending'
       from unnest($1::uuid[]) e, generate_series(1, $4) s`,
      [endpointIds, newUuid(), appId, events],
    );
  }
  return endpoints * transactions.reduce((sum, events) => sum + events, 0);
}

/** The leases, pauses and ladders end. */
async function passTime(): Promise<void> {
  await pool.query(`update webhook_deliveries set due_at = now() - interval '1 ms' where due_at > now()`);
  await pool.query(
    `update webhook_endpoints set next_probe_at = now() - interval '1 ms' where next_probe_at is not null`,
  );
}

/** What the receivers took, in this order, and what was claimed twice before its time. */
interface Journal {
  readonly taken: ClaimedDelivery[];
  readonly late: (() => Promise<unknown>)[];
  readonly claimedTwice: string[];
}

async function round(outcomes: Outcome[], journal: Journal): Promise<void> {
  const claimed = new Set<string>();
  const work = async ({ claims, results }: (typeof instances)[number]): Promise<void> => {
    for (const delivery of await claims.claim()) {
      if (claimed.has(delivery.id)) journal.claimedTwice.push(delivery.id);
      claimed.add(delivery.id);
      const next = outcomes.shift() ?? 'ok';
      const { status, isTaken, isWritten } = OUTCOMES[next === 'late' ? 'ok' : next];
      if (isTaken) journal.taken.push(delivery);
      const result: SendResult = {
        status,
        error: status === null ? 'timeout' : null,
        durationMs: 1,
        retryAfterMs: null,
      };
      if (next === 'late') journal.late.push(() => results.write(delivery, result));
      else if (isWritten) {
        await results.write(delivery, result);
        // It failed: when another delivery succeeds at the same time, it is sent again at once.
        if (status !== 200) claimed.delete(delivery.id);
      }
    }
  };
  await Promise.all([...instances, ...instances].map(work));
}

async function unfinished(): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::int as count from webhook_deliveries where state <> 'delivered'`,
  );
  return rows[0]?.count ?? 0;
}

it('every event arrives, and those of a transaction arrive in order, whatever fails', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ endpoints, transactions, outcomes }) => {
      const total = await fill(endpoints, transactions);
      const journal: Journal = { taken: [], late: [], claimedTwice: [] };
      const left = [...outcomes];
      for (let rounds = 0; (await unfinished()) > 0 && rounds < MAX_ROUNDS; rounds += 1) {
        const late = journal.late.splice(0);
        await round(left, journal);
        await passTime();
        // An instance that was slow writes after another one may have claimed the delivery again.
        await Promise.all(late.map((write) => write()));
      }
      expect(await unfinished()).toBe(0);
      expect(journal.claimedTwice).toEqual([]);
      const first = new Map<string, number[]>();
      const seen = new Set<string>();
      for (const delivery of journal.taken.filter(({ id }) => !seen.has(id) && seen.add(id))) {
        first.set(keyOf(delivery), [...(first.get(keyOf(delivery)) ?? []), delivery.seq]);
      }
      expect(seen.size).toBe(total);
      for (const order of first.values()) expect(order).toEqual(order.toSorted((one, other) => one - other));
    }),
    { numRuns: 60 },
  );
}, 120_000);
