import { accrualEffects, accrualOnce, sentBodies, transactionEvents } from '../../support/accruals.js';
import { at, textAt } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { metric } from '../../support/metrics.js';
import { sql } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { accrual, startWorld, type World } from '../../support/world.js';

/** An expected course of an accrual, by the end of its ffn. The sandbox's README explains each. */
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

const ENDS = ['succeeded', 'failed'];
const CREDITED = { status: 'succeeded', credited: 1 } as const;

const ROWS: readonly Row[] = [
  { ffn: '301', what: 'dropped before it was registered', ...CREDITED, sends: 2 },
  { ffn: '302', what: 'dropped after it was registered', ...CREDITED, sends: 2 },
  { ffn: '303', what: 'never answered, not registered', ...CREDITED, sends: 2 },
  { ffn: '304', what: 'never answered, registered', ...CREDITED, sends: 2 },
  { ffn: '305', what: 'the answer is cut in half', ...CREDITED, sends: 2 },
  { ffn: '306', what: 'the answer drips past the deadline', ...CREDITED, sends: 2 },
  { ffn: '307', what: 'a redirect', ...CREDITED, sends: 2 },
  { ffn: '308', what: 'HTML with 200, not registered', ...CREDITED, sends: 2 },
  { ffn: '309', what: 'HTML with 200, registered', ...CREDITED, sends: 2 },
  { ffn: '310', what: '204 without a body', ...CREDITED, sends: 1 },
  { ffn: '311', what: 'dropped after it was registered, every time', ...CREDITED, sends: 2 },
  { ffn: '400', what: 'refused', status: 'failed', credited: 0, sends: 1, failure: 'refused_by_provider' },
  { ffn: '401', what: 'a token that has died', ...CREDITED, sends: 2 },
  { ffn: '403', what: 'the page of the edge firewall', ...CREDITED, sends: 2 },
  {
    ffn: '404',
    what: 'nobody has this ffn',
    status: 'failed',
    credited: 0,
    sends: 1,
    failure: 'member_already_exists',
  },
  { ffn: '429', what: 'too many requests', ...CREDITED, sends: 2 },
  { ffn: '500', what: '500, not registered', ...CREDITED, sends: 2 },
  { ffn: '502', what: '502, registered', ...CREDITED, sends: 2 },
  { ffn: '503', what: '503 for ever', status: 'pending', credited: 0 },
  { ffn: '504', what: '504, registered', ...CREDITED, sends: 2 },
  { ffn: '601', what: 'notified before the answer', ...CREDITED, sends: 1 },
  { ffn: '602', what: 'notified three times', ...CREDITED, sends: 1 },
  { ffn: '604', what: 'notified of an unknown status first', ...CREDITED, sends: 1 },
  { ffn: '605', what: 'notified PROCESSED, then CANCELLED', ...CREDITED, sends: 1 },
  {
    ffn: '606',
    what: 'notified CANCELLED, then PROCESSED',
    status: 'failed',
    credited: 1,
    sends: 1,
    failure: 'member_already_exists',
  },
  { ffn: '607', what: 'an orphan, then its notification', ...CREDITED, sends: 1 },
  { ffn: '608', what: 'slow', status: 'processing', credited: 0, sends: 1 },
];

let world: World;
const byFfn = new Map<string, { id: string; reference: string }>();

async function submit(ffn: string): Promise<void> {
  const reference = unique(`fault-${ffn}`);
  const answer = await world.call('POST', '/v1/accruals', accrual({ reference, member: { ffn: `012345699${ffn}` } }));
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
  await Promise.all([...ROWS.map((row) => row.ffn), '603'].map(submit));
}, 60_000);

describe('an accrual', () => {
  it.each(ROWS)(
    '…99$ffn, $what: $status, credited $credited times',
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

  it('…99603, never notified, goes on waiting until an operator has its status asked for', async () => {
    const { id } = submitted('603');
    await accrualOnce(world, id, ['processing'], 5_000);
    expect((await world.admin('POST', `/v1/admin/transactions/${id}/refresh`)).status).toBe(200);
    const ended = await accrualOnce(world, id, ENDS, 5_000);
    expect(ended).toMatchObject({ status: 'succeeded', providerReference: expect.stringMatching(/^BCS/) });
    expect((await transactionEvents(world, id)).at(-1)).toMatchObject({ to: 'succeeded', evidence: 'status query' });
  });
});

describe('what is kept of it', () => {
  it("the edge firewall's reference, in the event", async () => {
    const events = await transactionEvents(world, submitted('403').id);
    expect(events).toContainEqual(
      expect.objectContaining({
        to: null,
        detail: { reason: 'refused_by_edge', httpStatus: 403, edgeReference: expect.stringMatching(/^18\.[\w.]+/) },
      }),
    );
  });

  it('an unknown status: an alarm and a line, not an end', async () => {
    const events = await transactionEvents(world, submitted('604').id);
    expect(events).toContainEqual(expect.objectContaining({ from: 'processing', to: null, evidence: 'notification' }));
    expect(await metric(world, 'gateway_alarms_total{kind="unknown_notification_status"}')).toBeGreaterThan(0);
  });

  it('duplicates: one move, one posting, every one of them stored', async () => {
    const { id } = submitted('602');
    const ends = (await transactionEvents(world, id)).filter((event) => at(event, 'to') === 'succeeded');
    expect(ends).toHaveLength(1);
    const posted = await sql(world, `select phase from ledger_entries where transaction_id = $1`, [bareId(id)]);
    expect(posted.map((row) => row['phase']).sort()).toEqual(['hold', 'post']);
    const stored = await sql(world, `select state from notifications where transaction_id = $1`, [bareId(id)]);
    expect(stored).toEqual([{ state: 'applied' }, { state: 'applied' }, { state: 'applied' }]);
  });

  it.each([
    ['605', 'succeeded', 'failed'],
    ['606', 'failed', 'succeeded'],
  ])('…99%s contradicts itself: the first end stands, a break is open, an alarm is raised', async (ffn, is, said) => {
    const { id } = submitted(ffn);
    const breaks = await sql(world, `select class, status, detail from breaks where transaction_id = $1`, [bareId(id)]);
    expect(breaks).toEqual([{ class: 'status_conflict', status: 'open', detail: { is, said } }]);
    expect(at((await world.call('GET', `/v1/accruals/${id}`)).body, 'status')).toBe(is);
    expect(await metric(world, 'gateway_alarms_total{kind="contradiction"}')).toBeGreaterThanOrEqual(2);
  });

  it('the one notification that is about nothing of ours; every other was matched in the end', async () => {
    const orphans = await eventually(
      15_000,
      () =>
        sql(world, `select transaction_id as id from notifications where state not in ('applied', 'contradiction')`),
      (rows) => rows.length <= 1,
    );
    expect(orphans).toEqual([{ id: null }]);
  });
});
