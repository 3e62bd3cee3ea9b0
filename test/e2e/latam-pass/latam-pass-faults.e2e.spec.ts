import { accrualEffects, accrualOnce, sentBodies, transactionEvents } from '../../support/accruals.js';
import { at, textAt } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { MAGIC } from '../../support/magic.js';
import { alarms } from '../../support/metrics.js';
import { sql } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { accrual, startWorld, type World } from '../../support/world.js';

/** An expected course of an accrual. */
interface Row {
  readonly ffn: string;
  readonly what: string;
  readonly status: string;
  /** The number of times that the points were credited. */
  readonly credited: 0 | 1;
  /** The number of times that the accrual was submitted; undefined: more than twice. */
  readonly sends?: number;
  readonly failure?: string;
}

const FFN = MAGIC.latamPass;
const ENDS = ['succeeded', 'failed'];
const CREDITED = { status: 'succeeded', credited: 1 } as const;

const ROWS: readonly Row[] = [
  {
    ffn: FFN.notRegisteredAnswerLostOnce,
    what: 'whose connection is lost before it is registered',
    ...CREDITED,
    sends: 2,
  },
  {
    ffn: FFN.registeredAnswerLostOnce,
    what: 'whose connection is lost after it was registered',
    ...CREDITED,
    sends: 2,
  },
  { ffn: FFN.notRegisteredNeverAnsweredOnce, what: 'that is neither registered nor answered', ...CREDITED, sends: 2 },
  { ffn: FFN.registeredNeverAnsweredOnce, what: 'that is registered and never answered', ...CREDITED, sends: 2 },
  { ffn: FFN.registeredAnswerTruncatedOnce, what: 'whose answer is truncated', ...CREDITED, sends: 2 },
  { ffn: FFN.registeredAnswerDripsOnce, what: 'whose answer drips past the deadline', ...CREDITED, sends: 2 },
  { ffn: FFN.redirectedOnce, what: 'that is redirected', ...CREDITED, sends: 2 },
  { ffn: FFN.notRegisteredHtmlOnce, what: 'answered with HTML and 200, not registered', ...CREDITED, sends: 2 },
  { ffn: FFN.registeredHtmlOnce, what: 'answered with HTML and 200, registered', ...CREDITED, sends: 2 },
  { ffn: FFN.registeredEmptyAnswerOnce, what: 'answered with 204 and no body', ...CREDITED, sends: 1 },
  { ffn: FFN.registeredAnswerLostAlways, what: 'whose answer is lost at every send', ...CREDITED, sends: 2 },
  {
    ffn: FFN.refused,
    what: 'that is refused',
    status: 'failed',
    credited: 0,
    sends: 1,
    failure: 'refused_by_provider',
  },
  { ffn: FFN.tokenRefusedOnce, what: 'whose token is refused once', ...CREDITED, sends: 2 },
  { ffn: FFN.edgeFirewallOnce, what: 'stopped once by the edge firewall', ...CREDITED, sends: 2 },
  {
    ffn: FFN.unknownMember,
    what: 'of an unknown member',
    status: 'failed',
    credited: 0,
    sends: 1,
    failure: 'member_already_exists',
  },
  { ffn: FFN.tooManyRequestsOnce, what: 'answered 429 once', ...CREDITED, sends: 2 },
  { ffn: FFN.serverErrorOnce, what: 'answered 500 once, not registered', ...CREDITED, sends: 2 },
  { ffn: FFN.registeredBadGatewayOnce, what: 'answered 502 once, registered', ...CREDITED, sends: 2 },
  { ffn: FFN.unavailableAlways, what: 'always answered 503', status: 'pending', credited: 0 },
  { ffn: FFN.registeredGatewayTimeoutOnce, what: 'answered 504 once, registered', ...CREDITED, sends: 2 },
  { ffn: FFN.notifiedBeforeAnswer, what: 'notified before its answer', ...CREDITED, sends: 1 },
  { ffn: FFN.notifiedThreeTimes, what: 'notified three times', ...CREDITED, sends: 1 },
  { ffn: FFN.notifiedUnknownStatusFirst, what: 'notified with an unknown status first', ...CREDITED, sends: 1 },
  { ffn: FFN.notifiedProcessedThenCanceled, what: 'notified PROCESSED, then CANCELLED', ...CREDITED, sends: 1 },
  {
    ffn: FFN.notifiedCanceledThenProcessed,
    what: 'notified CANCELLED, then PROCESSED',
    status: 'failed',
    credited: 1,
    sends: 1,
    failure: 'member_already_exists',
  },
  { ffn: FFN.notifiedOrphanFirst, what: 'whose notification follows an orphan', ...CREDITED, sends: 1 },
  {
    ffn: FFN.finalAfterOneMinute,
    what: 'that LATAM Pass ends after a minute',
    status: 'processing',
    credited: 0,
    sends: 1,
  },
];

let world: World;
const byFfn = new Map<string, { id: string; reference: string }>();

async function submit(ffn: string): Promise<void> {
  const reference = unique(`fault-${ffn.slice(-3)}`);
  const answer = await world.call('POST', '/v1/accruals', accrual({ reference, member: { ffn } }));
  byFfn.set(ffn, { id: textAt(answer.body, 'id'), reference });
}

function submitted(ffn: string): { id: string; reference: string } {
  const found = byFfn.get(ffn);
  if (!found) throw new Error(`${ffn} was not submitted`);
  return found;
}

beforeAll(async () => {
  // The faults in a row would open the breaker, which other tests cover.
  world = await startWorld({ gateway: { BREAKER_FAILURES: '1000' } });
  await Promise.all([...ROWS.map((row) => row.ffn), FFN.neverNotified].map(submit));
}, 60_000);

describe('an accrual', () => {
  it.each(ROWS)(
    '$what: $status, credited $credited times',
    async ({ ffn, ...row }) => {
      const { id, reference } = submitted(ffn);
      const ended = await accrualOnce(world, id, [row.status], 60_000);
      expect(at(ended, 'failure', 'code')).toBe(row.failure);
      const effects = await accrualEffects(world, id);
      expect(effects.filter((effect) => effect['outcome'] === 'PROCESSED')).toHaveLength(row.credited);
      expect(effects.length).toBeLessThanOrEqual(1);
      expect(at(ended, 'correlationId')).toBe(at(effects[0], 'detail', 'correlationId') ?? null);
      const bodies = await sentBodies(world, reference);
      expect(new Set(bodies).size).toBe(1);
      expect(textAt(JSON.parse(bodies[0] ?? '{}'), 'partner', 'partnerAccrualId')).toBe(bareId(id));
      if (row.sends === undefined) expect(bodies.length).toBeGreaterThan(2);
      else expect(bodies).toHaveLength(row.sends);
    },
    70_000,
  );

  it('that is never notified waits until an operator refreshes its status', async () => {
    const { id } = submitted(FFN.neverNotified);
    await accrualOnce(world, id, ['processing'], 5_000);
    expect((await world.admin('POST', `/v1/admin/transactions/${id}/refresh`)).status).toBe(200);
    const ended = await accrualOnce(world, id, ENDS, 5_000);
    expect(ended).toMatchObject({ status: 'succeeded', providerReference: expect.stringMatching(/^BCS/) });
    expect((await transactionEvents(world, id)).at(-1)).toMatchObject({ to: 'succeeded', evidence: 'status query' });
  });
});

/** The transaction of `ffn` once it has ended. */
async function ended(ffn: string): Promise<string> {
  const { id } = submitted(ffn);
  await accrualOnce(world, id, ENDS, 60_000);
  return id;
}

describe('the events of an accrual', () => {
  it("keep the edge firewall's reference", async () => {
    const events = await transactionEvents(world, await ended(FFN.edgeFirewallOnce));
    expect(events).toContainEqual(
      expect.objectContaining({
        to: null,
        detail: { reason: 'refused_by_edge', httpStatus: 403, edgeReference: expect.stringMatching(/^18\.[\w.]+/) },
      }),
    );
  }, 70_000);

  it('keep an unknown status, which raises an alarm and ends nothing', async () => {
    const events = await transactionEvents(world, await ended(FFN.notifiedUnknownStatusFirst));
    expect(events).toContainEqual(expect.objectContaining({ from: 'processing', to: null, evidence: 'notification' }));
    expect(await alarms(world, 'unknown_notification_status')).toBeGreaterThan(0);
  }, 70_000);

  it('have one end and one posting when three notifications say the same, all of which are stored', async () => {
    const id = await ended(FFN.notifiedThreeTimes);
    const stored = await eventually(
      15_000,
      () => sql(world, `select state from notifications where transaction_id = $1`, [bareId(id)]),
      (rows) => rows.length === 3 && rows.every((row) => row['state'] === 'applied'),
    );
    expect(stored).toHaveLength(3);
    const ends = (await transactionEvents(world, id)).filter((event) => at(event, 'to') === 'succeeded');
    expect(ends).toHaveLength(1);
    const posted = await sql(world, `select phase from ledger_entries where transaction_id = $1`, [bareId(id)]);
    expect(posted.map((row) => row['phase']).sort()).toEqual(['hold', 'post']);
  }, 90_000);
});

describe('of two notifications that contradict each other', () => {
  it.each([
    [FFN.notifiedProcessedThenCanceled, 'succeeded', 'failed'],
    [FFN.notifiedCanceledThenProcessed, 'failed', 'succeeded'],
  ])(
    'the first ends the accrual (%s: %s), and the second opens a break and raises an alarm',
    async (ffn, is, said) => {
      const id = await ended(ffn);
      const breaks = await eventually(
        15_000,
        () => sql(world, `select class, status, detail from breaks where transaction_id = $1`, [bareId(id)]),
        (rows) => rows.length > 0,
      );
      expect(breaks).toEqual([{ class: 'status_conflict', status: 'open', detail: { is, said } }]);
      expect(at((await world.call('GET', `/v1/accruals/${id}`)).body, 'status')).toBe(is);
      // Both contradictions come from accruals that were submitted before the tests.
      const raised = await eventually(
        15_000,
        () => alarms(world, 'contradiction'),
        (count) => count >= 2,
      );
      expect(raised).toBeGreaterThanOrEqual(2);
    },
    90_000,
  );
});

it('every notification finds its accrual in the end, except the one about an unknown correlationId', async () => {
  for (const { ffn, status } of ROWS) if (ENDS.includes(status)) await ended(ffn);
  const orphans = await eventually(
    15_000,
    () => sql(world, `select transaction_id as id from notifications where state not in ('applied', 'contradiction')`),
    (rows) => rows.length === 1,
  );
  expect(orphans).toEqual([{ id: null }]);
}, 90_000);
