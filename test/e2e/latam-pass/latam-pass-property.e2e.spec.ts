import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { accrualEffects, sentBodies } from '../../support/accruals.js';
import { at, textAt } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { MAGIC } from '../../support/magic.js';
import type { SandboxRecord } from '../../support/sandbox.js';
import { sql } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { accrual, startWorld, type World } from '../../support/world.js';
import { Receiver } from '../../sandbox/sandbox-receiver.js';

/** The seed. To repeat a run: SEED=… npm run jest -- latam-pass-property */
const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const RUNS = 12;
const TIME_LIMIT_MS = 45_000;
const SETTLED_WITHIN_MS = 20_000;

const FAULTS = [
  'drop-before',
  'drop-after',
  'status-500',
  'status-500-after',
  'status-502-after',
  'truncated',
  'html',
  'html-after',
  'garbage',
  'empty-204',
  'redirect',
  '401',
] as const;

/** Notified as usual, before the answer, three times, with an unknown status first; and two that LATAM Pass rejects. */
const FFNS = [
  '01234567890',
  MAGIC.latamPass.notifiedBeforeAnswer,
  MAGIC.latamPass.notifiedThreeTimes,
  MAGIC.latamPass.notifiedUnknownStatusFirst,
  MAGIC.latamPass.canceledWithReason[113],
  MAGIC.latamPass.canceledWithReason[206],
] as const;

type Step =
  | { readonly kind: 'submit'; readonly ffn: string; readonly points: number; readonly killedAfterMs: number | null }
  | { readonly kind: 'fault'; readonly operation: string; readonly fault: string; readonly times: number }
  /** Delivers a waiting notification: any one, and one or more times. */
  | { readonly kind: 'notify'; readonly which: number; readonly copies: number }
  | { readonly kind: 'kill' }
  /** All leases end and all retries are due, as if hours had passed. */
  | { readonly kind: 'time passes' }
  | { readonly kind: 'pause'; readonly ms: number };

const submitStep = fc.record({
  kind: fc.constant('submit' as const),
  ffn: fc.constantFrom(...FFNS),
  points: fc.integer({ min: 1, max: 9_999 }),
  killedAfterMs: fc.oneof(
    { weight: 6, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 40 }) },
  ),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: submitStep },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      operation: fc.constantFrom('accrual', 'accrual', 'accrual-status'),
      fault: fc.constantFrom(...FAULTS),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('notify' as const),
      which: fc.nat(99),
      copies: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'kill' } as const) },
  { weight: 3, arbitrary: fc.constant({ kind: 'time passes' } as const) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pause' as const), ms: fc.integer({ min: 0, max: 150 }) }) },
);

interface Submitted {
  readonly id: string;
  readonly reference: string;
  readonly points: number;
}

const relay = new Receiver();
let world: World;

beforeAll(async () => {
  const env = await relay.listen();
  world = await startWorld({
    sandbox: { ...env, SANDBOX_ACCRUAL_DELAY_MS: '20,60' },
    gateway: { BREAKER_FAILURES: '1000' },
  });
}, 60_000);

afterAll(() => relay.close());

/** A history of steps, until all its transactions are final. */
class History {
  readonly submitted: Submitted[] = [];
  private delivered = 0;

  async take(next: Step): Promise<void> {
    switch (next.kind) {
      case 'submit':
        return this.submit(next);
      case 'fault': {
        const { operation, fault, times } = next;
        return world.sandbox.fault({ provider: 'latam-pass', operation, fault, times });
      }
      case 'notify':
        return this.notify(next.which, next.copies);
      case 'kill':
        await world.crash();
        return timePasses();
      case 'time passes':
        return timePasses();
      case 'pause':
        return sleep(next.ms);
    }
  }

  /**
   * Ends the faults and delivers all notifications in the given order. Afterwards all transactions must become final.
   */
  async settle(order: readonly number[]): Promise<void> {
    await fetch(`${world.sandbox.url}/_sandbox/faults`, { method: 'DELETE' });
    await eventually(
      SETTLED_WITHIN_MS,
      async () => {
        for (const which of order) await this.notify(which, 1);
        await timePasses();
        return sql(world, `select id, status from transactions where completed_at is null`);
      },
      (open) => open.length === 0,
    );
  }

  /** Repeats the same request with the same key until it is answered, like a partner. */
  private async submit({ ffn, points, killedAfterMs }: Extract<Step, { kind: 'submit' }>): Promise<void> {
    const reference = unique('property');
    const order = accrual({ reference, member: { ffn }, points });
    const ask = async (): Promise<string> => {
      const answer = await world.call('POST', '/v1/accruals', order, { 'idempotency-key': reference });
      return textAt(answer.body, 'id');
    };
    if (killedAfterMs === null) {
      this.submitted.push({ id: await ask(), reference, points });
      return;
    }
    const lost = ask().catch(() => undefined);
    await sleep(killedAfterMs);
    await world.crash();
    await timePasses();
    const first = await lost;
    const id = await ask();
    if (first !== undefined) expect(id).toBe(first);
    this.submitted.push({ id, reference, points });
  }

  private async notify(which: number, copies: number): Promise<void> {
    const waiting = relay.bodies.length - this.delivered;
    if (waiting === 0) return;
    const [body = ''] = relay.bodies.splice(this.delivered + (which % waiting), 1);
    relay.bodies.unshift(body);
    this.delivered += 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const answer = await world
        .gateway()
        .request('POST', '/v1/providers/latam-pass/notifications', { auth: world.notifier, body });
      expect(answer.status).toBe(200);
    }
  }
}

async function timePasses(): Promise<void> {
  await sql(
    world,
    `update transactions set due_at = now()
     where due_at > now() and (status = 'pending' or status = 'processing' and correlation_id is null)`,
  );
  await sql(world, `update notifications set due_at = now() where due_at > now()`);
}

/** Compares the ledger with the effects at LATAM Pass. */
async function compare({ id, reference, points }: Submitted): Promise<void> {
  const effects: SandboxRecord[] = await accrualEffects(world, id);
  expect(effects).toHaveLength(1);
  const credited = at(effects[0], 'outcome') === 'PROCESSED';
  const { body } = await world.call('GET', `/v1/accruals/${id}`);
  expect(body).toMatchObject({
    status: credited ? 'succeeded' : 'failed',
    quantity: { value: String(points) },
    correlationId: at(effects[0], 'detail', 'correlationId'),
    providerReference: at(effects[0], 'providerReference'),
  });
  expect(at(effects[0], 'quantity', 'value')).toBe(String(points));
  expect(new Set(await sentBodies(world, reference)).size).toBe(1);
  const entries = await sql(world, `select phase, amount from ledger_entries where transaction_id = $1 order by seq`, [
    bareId(id),
  ]);
  const amount = String(points);
  expect(entries).toEqual([
    { phase: 'hold', amount },
    { phase: credited ? 'post' : 'release', amount },
  ]);
}

it('accruals are credited at most once and the ledger says which, whatever the order of notifications, duplicates, faults and kills', async () => {
  const histories = fc.asyncProperty(
    fc.array(step, { minLength: 6, maxLength: 24 }),
    fc.array(fc.nat(99), { minLength: 6, maxLength: 6 }),
    async (steps, order) => {
      await world.sandbox.reset();
      relay.bodies.length = 0;
      const history = new History();
      for (const next of steps) await history.take(next);
      await history.settle(order);
      for (const one of history.submitted) await compare(one);
      expect(await sql(world, `select * from breaks`)).toEqual([]);
    },
  );
  // The message of fast-check contains seed and path. A history takes seconds, so a failed one is not shrunk.
  await fc.assert(histories, {
    seed: SEED,
    numRuns: RUNS,
    endOnFailure: true,
    interruptAfterTimeLimit: TIME_LIMIT_MS,
    markInterruptAsFailure: false,
  });
}, 120_000);
