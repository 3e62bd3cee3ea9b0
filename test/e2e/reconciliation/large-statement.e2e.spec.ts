import { newUuid } from '../../../src/common/ids.js';
import { at, textAt } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { sql } from '../../support/sql.js';
import {
  comparedOf,
  compareStatement,
  sendStatement,
  TOPUP_HEADER,
  topupFile,
  topupLine,
} from '../../support/statements.js';
import { startWorld, type World } from '../../support/world.js';

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

describe('a statement of 100,000 lines', () => {
  const LINES = 100_000;
  const DAY = new Date(Date.UTC(2026, 5, 1));
  /** The number of differences of each class. They are in the first lines, class after class. */
  const PLANTED = {
    amount_mismatch: 70,
    status_conflict: 60,
    status_mismatch: 30,
    late_confirmation: 50,
    duplicate_at_provider: 40,
    missing_in_ledger: 80,
    missing_at_provider: 90,
    cutoff_timing: 20,
  };
  let csv: string;

  const secondOf = (index: number): string => new Date(DAY.getTime() + index * 500).toISOString();

  /**
   * Transactions by position: 0-69 have another amount, 70-99 failed, 100-129 have a line with a refusal, 130-159 are
   * pending, 160-209 unknown.
   */
  beforeAll(async () => {
    const appId = textAt(
      (await world.admin('POST', '/v1/admin/apps', { name: unique('app'), scopes: ['topups'] })).body,
      'id',
    );
    await sql(
      world,
      `insert into transactions (id, app_id, type, provider, status, quantity, unit, detail, created_at, completed_at, parked)
       select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, $1, 'topup', 'latcom', status, 1000, 'MXN', '{}',
         $2::timestamptz + n * interval '500 ms',
         case when status in ('succeeded', 'failed') then $2::timestamptz + n * interval '500 ms' end, status = 'pending'
       from (select n, case when n between 70 and 99 then 'failed' when n between 130 and 159 then 'pending'
         when n between 160 and 209 then 'unknown' else 'succeeded' end as status
         from generate_series(0, $3::integer) n) rows`,
      [bareId(appId), DAY, LINES + PLANTED.missing_at_provider + PLANTED.cutoff_timing - 1],
    );
    const id = (index: number): string => `00000000-0000-7000-8000-${index.toString(16).padStart(12, '0')}`;
    const lines = Array.from({ length: LINES }, (_none, index) =>
      topupLine(id(index), secondOf(index), {
        amount: index < 70 ? '20.00' : '10.00',
        status: index >= 100 && index < 130 ? 'FAIL' : 'SUCCESS',
      }),
    );
    const twice = Array.from({ length: PLANTED.duplicate_at_provider }, (_none, index) =>
      topupLine(id(1_000 + index), secondOf(index)),
    );
    const strangers = Array.from({ length: PLANTED.missing_in_ledger }, (_none, index) =>
      topupLine(newUuid(), secondOf(index)),
    );
    // The last line has the time of the last missing transaction, so that the statement covers all of them.
    const last = topupLine(id(500), secondOf(LINES + PLANTED.missing_at_provider - 1), { status: 'FAIL' });
    csv = topupFile(...strangers, ...lines, ...twice, last);
  }, 60_000);

  it('shows every planted break in its class and no other, even after a kill, and a later statement closes missing lines', async () => {
    const answer = await sendStatement(world, csv);
    await world.crash();
    const { id, body: done } = await comparedOf(world, answer);
    expect(at(done, 'lines')).toBe(LINES + PLANTED.duplicate_at_provider + PLANTED.missing_in_ledger + 1);
    const kept = await sql(
      world,
      `select class, count(*)::int as count from breaks where run_id = $1 group by class order by class`,
      [bareId(id)],
    );
    expect(Object.fromEntries(kept.map((row) => [String(row['class']), row['count']]))).toEqual(PLANTED);
    expect(at(done, 'counts')).toEqual(PLANTED);
    const [settled] = await sql(
      world,
      `select count(*)::int as count from transactions t join transaction_events e on e.transaction_id = t.id
       where e.evidence = 'statement line' and t.status = 'succeeded' and t.created_at between $1 and $2`,
      [DAY, secondOf(LINES)],
    );
    expect(settled?.['count']).toBe(PLANTED.late_confirmation);

    // A later statement has the missing lines, except the first.
    const late = Array.from({ length: PLANTED.missing_at_provider + PLANTED.cutoff_timing }, (_none, index) =>
      topupLine(`00000000-0000-7000-8000-${(LINES + index).toString(16).padStart(12, '0')}`, secondOf(LINES + index)),
    );
    await compareStatement(world, topupFile(...late.slice(1)), { before: [['from', secondOf(LINES)]] });
    const open = await sql(
      world,
      `select class, status, resolution, count(*)::int as count from breaks
       where class in ('missing_at_provider', 'cutoff_timing') and transaction_id::text like '00000000-0000-7000%'
       group by 1, 2, 3 order by 1, 2, 3`,
    );
    expect(open).toEqual([
      { class: 'cutoff_timing', status: 'resolved', resolution: 'line_arrived', count: PLANTED.cutoff_timing },
      { class: 'missing_at_provider', status: 'open', resolution: null, count: 1 },
      { class: 'missing_at_provider', status: 'resolved', resolution: 'line_arrived', count: 89 },
    ]);
  }, 180_000);
});

it('a statement of unknown transactions is compared in time proportional to its lines', async () => {
  const count = 300_000;
  const at = new Date(Date.UTC(2026, 4, 1)).toISOString();
  const lines = Array.from({ length: count }, (_none, index) => `others-${index},SUCCESS,10.00,MXN,${at}`);
  const { body } = await compareStatement(world, [TOPUP_HEADER, ...lines].join('\n'), { before: [['to', at]] });
  expect(body).toMatchObject({ lines: count, counts: { missing_in_ledger: count } });
}, 90_000);
