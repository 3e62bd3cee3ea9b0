import { newUuid } from '../../../src/common/ids.js';
import { at, textAt } from '../../support/http.js';
import { bareId } from '../../support/ids.js';
import { MAGIC } from '../../support/magic.js';
import { sql } from '../../support/sql.js';
import {
  buyTopup,
  compareStatement,
  moveTo,
  sendForm,
  sendStatement,
  topupFile,
  topupLine,
  TOPUP_HEADER,
  type Compared,
} from '../../support/statements.js';
import { accrual, startWorld, type World } from '../../support/world.js';

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

const buy = (phone?: string): Promise<string> => buyTopup(world, phone);
/** The breaks of a statement without those about transactions of other tests. */
const found = ({ breaks }: Compared): unknown[] =>
  breaks.filter((one) => !['cutoff_timing', 'missing_at_provider'].includes(String(at(one, 'class'))));
const countsOf = (done: Compared): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const one of found(done)) {
    const name = String(at(one, 'class'));
    counts[name] = (counts[name] ?? 0) + 1;
    expect(at(done.body, 'counts', name)).toBeGreaterThan(0);
  }
  return counts;
};
const classesOf = ({ breaks }: Compared, transactionId: string): unknown[] =>
  breaks.filter((one) => at(one, 'transactionId') === transactionId).map((one) => at(one, 'class'));
const statusOf = async (id: string): Promise<unknown> =>
  at((await world.call('GET', `/v1/topups/${id}`)).body, 'status');
const openOf = async (id: string): Promise<unknown[]> => {
  const data = at((await world.admin('GET', '/v1/admin/breaks?status=open&limit=100')).body, 'data');
  const open: readonly unknown[] = Array.isArray(data) ? data : [];
  return open.filter((one) => at(one, 'transactionId') === id);
};

describe('statement lines that contradict each other', () => {
  it('settle nothing, and leave an unknown top-up unknown with a break', async () => {
    const [first, second] = [await buy(MAGIC.latcom.executedAnswerLost), await buy(MAGIC.latcom.executedAnswerLost)];
    await moveTo(world, '2025-03-11T12:00:00Z', first, second);
    const line = (id: string, status: string): string => topupLine(id, '2025-03-11T12:00:00Z', { status });
    const done = await compareStatement(
      world,
      topupFile(line(first, 'FAIL'), line(first, 'SUCCESS'), line(second, 'SUCCESS'), line(second, 'FAIL')),
    );
    expect([first, second].map((id) => classesOf(done, id))).toEqual([['status_conflict'], ['status_conflict']]);
    expect(await Promise.all([first, second].map(statusOf))).toEqual(['unknown', 'unknown']);
    const [open] = await openOf(first);
    const resolved = await world.admin('POST', `/v1/admin/breaks/${textAt(open, 'id')}/resolve`, {
      resolution: 'failed',
      reason: 'LATCOM confirms by mail that nothing was executed.',
    });
    expect(resolved.status).toBe(200);
    expect(await statusOf(first)).toBe('failed');
  });
});

describe('the fields of a statement form', () => {
  it('are refused by name even after the file, and nothing takes effect', async () => {
    const unknown = await buy(MAGIC.latcom.executedAnswerLost);
    await moveTo(world, '2025-01-01T12:00:00Z', unknown);
    const csv = topupFile(topupLine(unknown, '2025-01-01T12:00:00Z'), topupLine(newUuid(), '2025-01-01T12:00:00Z'));
    const answer = await sendStatement(world, csv, {
      after: [
        ['from', '2025-01-01T00:00:00Z'],
        ['x/y', '1'],
      ],
    });
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'validation_failed', errors: [{ pointer: '/from' }, { pointer: '/x~1y' }] },
    });
    const second = await sendStatement(world, csv, { after: [['file', csv]] });
    expect(second).toMatchObject({ status: 400, body: { errors: [{ pointer: '/file' }] } });
    expect(await statusOf(unknown)).toBe('unknown');
    const [newest] = await sql(world, `select status, lines from reconciliations order by id desc limit 1`);
    expect(newest).toMatchObject({ status: 'failed' });
    expect(
      await sql(world, `select from breaks where run_id = (select max(id::text)::uuid from reconciliations)`),
    ).toEqual([]);
    expect(await compareStatement(world, csv)).toMatchObject({ body: { counts: { late_confirmation: 1 } } });
  });

  it.each([
    [
      'a field twice',
      [
        ['from', '2025-01-01T00:00:00Z'],
        ['from', '2025-01-02T00:00:00Z'],
      ],
      '/from',
    ],
    ['an unknown field', [['since', '2025']], '/since'],
    ['a format that is no object', [['format', ';']], '/format'],
    ['a format with a strange member', [['format', '{"separator":";"}']], '/format/separator'],
    [
      'an end before the beginning',
      [
        ['from', '2025-01-02T00:00:00Z'],
        ['to', '2025-01-01T00:00:00Z'],
      ],
      '/to',
    ],
    ['a field that is too long', [['columns', `{"amount":"${'x'.repeat(5_000)}"}`]], '/columns'],
  ] as const)('are refused with %s', async (_what, before, pointer) => {
    const answer = await sendStatement(world, topupFile(topupLine(newUuid(), '2025-01-01T12:00:00Z')), { before });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
  });

  it('follow the same rules in a form without a file', async () => {
    const answer = await sendForm(world, [
      ['provider', 'latcom'],
      ['kind', 'statement'],
    ]);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/file' }] } });
  });
});

it('a long file with ids of every length is stored line by line, and its repeated lines are shown', async () => {
  const time = '2025-08-01T12:00:00Z';
  const ids = Array.from({ length: 30_000 }, newUuid);
  const twice = await buy();
  await moveTo(world, time, twice);
  const failed = (id: string): string => topupLine(id, time, { status: 'FAIL' });
  // Long rows leave gaps at the end of pages, where PostgreSQL puts later, shorter rows.
  const lines = ids.flatMap((id, index) =>
    index % 4 === 0 ? [failed(id), failed(`F-${index}`.padEnd((index * 7) % 64, 'x'))] : [failed(id)],
  );
  const done = await compareStatement(world, topupFile(topupLine(twice, time), ...lines, topupLine(twice, time)));
  expect(classesOf(done, twice)).toEqual(['duplicate_at_provider']);
  const remembered = await sql(
    world,
    `select count(distinct id)::integer as count from statement_pages, unnest(ids) as id where run_id = $1`,
    [bareId(textAt(done.body, 'id'))],
  );
  expect(remembered).toEqual([{ count: ids.length + 1 }]);
});

describe('the period of a statement', () => {
  it('is not extended by a line of another year, which is a bad line and names its transaction', async () => {
    const [old, known] = [await buy(), await buy()];
    await moveTo(world, '2025-02-01T12:00:00Z', old);
    await moveTo(world, '2025-02-20T12:00:00Z', known);
    const lines = [
      topupLine(known, '2025-02-20T12:00:00Z'),
      topupLine(newUuid(), '1970-01-01T00:00:00Z', { status: 'FAIL' }),
    ];
    const done = await compareStatement(world, topupFile(...lines));
    expect(done.body).toMatchObject({
      period: { from: '2025-02-20T00:00:00.000Z', to: '2025-02-20T12:00:00.000Z', source: 'lines' },
      badLines: [{ line: 3, column: 'date', code: 'date_outlier' }],
      badLineCounts: { date_outlier: 1 },
      ...{ from: null, to: null, lines: 2, badLineCount: 1 },
    });
    expect(classesOf(done, old)).toEqual([]);
    // The line has a wrong date, but the transaction is not missing.
    const wrong = await compareStatement(
      world,
      topupFile(topupLine(known, '2025-02-20T12:00:01Z'), topupLine(old, '1970-01-01T00:00:00Z')),
      {
        before: [['from', '2025-02-01T00:00:00Z']],
      },
    );
    expect(at(wrong.body, 'period', 'source')).toBe('given');
    expect(classesOf(wrong, old)).toEqual([]);
    // The line with the wrong date does not count as an execution, so the line with the right date is not a second one.
    const right = await compareStatement(world, topupFile(topupLine(old, '2025-02-01T12:00:00Z')));
    expect(classesOf(right, old)).toEqual([]);
  });

  it('includes lines of any day when from and to say so', async () => {
    const id = await buy();
    await moveTo(world, '2024-03-01T12:00:00Z', id);
    const csv = topupFile(
      topupLine(id, '2024-03-01T12:00:00Z'),
      topupLine(newUuid(), '2024-06-30T12:00:00Z', { status: 'FAIL' }),
    );
    const before = [
      ['from', '2024-03-01T00:00:00Z'],
      ['to', '2024-06-30T23:59:59Z'],
    ] as const;
    expect((await compareStatement(world, csv, { before })).body).toMatchObject({
      badLineCount: 0,
      period: { source: 'given' },
    });
    expect((await compareStatement(world, csv)).body).toMatchObject({ badLineCounts: { date_outlier: 1 } });
  });

  it('leaves later transactions of an unfinished day to the next statement', async () => {
    const [had, later] = [await buy(), await buy()];
    const from = textAt((await world.call('GET', `/v1/topups/${had}`)).body, 'createdAt');
    const today = new Date().toISOString().slice(0, 10);
    const done = await compareStatement(world, topupFile(topupLine(had, today)), { before: [['from', from]] });
    expect(classesOf(done, later)).toEqual(['cutoff_timing']);
  });

  it('begins with the day of the declared time zone', async () => {
    const [id, other] = [await buy(), await buy()];
    await moveTo(world, '2025-02-26T03:00:00Z', other);
    await moveTo(world, '2025-02-26T08:00:00Z', id);
    const before = [['format', '{"timeZone":"America/Mexico_City","dates":"dd/mm/yyyy"}']] as const;
    const done = await compareStatement(world, topupFile(topupLine(id, '26/02/2025 02:00:00')), { before });
    expect(done.body).toMatchObject({ period: { from: '2025-02-26T06:00:00.000Z', to: '2025-02-26T08:00:00.000Z' } });
    expect(classesOf(done, other)).toEqual([]);
  });
});

describe('a line that names a transaction', () => {
  it.each([
    ['that is pending', (id: string, time: string) => [topupLine(id, time, { status: 'EN PROCESO' })], []],
    [
      'with a status that is not known',
      (id: string, time: string) => [topupLine(id, time, { status: 'CANCELLED' })],
      [],
    ],
    [
      'with an amount that cannot be read',
      (id: string, time: string) => [topupLine(id, time, { amount: '"1,000.00"' })],
      [],
    ],
    ['with too many cells', (id: string, time: string) => [`${topupLine(id, time)},x`], []],
    ['with its id as a formula', (id: string, time: string) => [topupLine(`="${bareId(id)}"`, time)], []],
    [
      'that is reversed',
      (id: string, time: string) => [topupLine(id, time, { status: 'REVERSED' })],
      ['reversal_at_provider'],
    ],
    [
      'and another that takes it back',
      (id: string, time: string) => [topupLine(id, time), topupLine(id, time, { amount: '-10.00' })],
      ['reversal_at_provider'],
    ],
  ])('%s keeps it from being reported as missing', async (_what, linesOf, classes) => {
    const [named, other] = [await buy(), await buy()];
    const time = `2025-03-${String(Math.floor(Math.random() * 28) + 1).padStart(2, '0')}T12:00:00Z`;
    await moveTo(world, time, named, other);
    const done = await compareStatement(world, topupFile(...linesOf(named, time), topupLine(other, time)));
    expect(classesOf(done, named)).toEqual(classes);
    expect(await statusOf(named)).toBe('succeeded');
  });

  it('does not settle it while another line reverses it or is unreadable', async () => {
    const [reversed, garbled, failed] = [
      await buy(MAGIC.latcom.executedAnswerLost),
      await buy(MAGIC.latcom.executedAnswerLost),
      await buy(MAGIC.latcom.notExecutedAnswerLost),
    ];
    const time = '2025-04-02T12:00:00Z';
    await moveTo(world, time, reversed, garbled, failed);
    const done = await compareStatement(
      world,
      topupFile(
        topupLine(reversed, time),
        topupLine(reversed, time, { amount: '-10.00' }),
        topupLine(garbled, time),
        topupLine(garbled, time, { status: 'MAYBE' }),
        topupLine(failed, time, { status: 'FAIL', amount: '' }),
      ),
    );
    expect(countsOf(done)).toEqual({ late_confirmation: 1, reversal_at_provider: 1 });
    expect(await Promise.all([reversed, garbled, failed].map(statusOf))).toEqual(['unknown', 'unknown', 'failed']);
    // A later statement with only the execution does not settle it either.
    await compareStatement(world, topupFile(topupLine(reversed, time)));
    expect(await statusOf(reversed)).toBe('unknown');
  });

  it('is corrected by an operator by the reversed amount when it reverses an execution', async () => {
    const id = await buy();
    const time = '2025-04-05T12:00:00Z';
    await moveTo(world, time, id);
    const lines = [topupLine(id, time), topupLine(id, time, { amount: '-4.00', status: 'REFUNDED' })];
    const done = await compareStatement(world, topupFile(...lines));
    expect(found(done)).toMatchObject([
      {
        ...{
          class: 'reversal_at_provider',
          amountAtRisk: { value: '4.00', unit: 'MXN' },
          proposal: { resolution: 'correct' },
        },
        providerRecord: { line: 3, reversal: true, amount: '400', unit: 'MXN' },
      },
    ]);
    const path = `/v1/admin/breaks/${textAt(found(done)[0], 'id')}/resolve`;
    expect((await world.admin('POST', path, { resolution: 'correct', reason: 'refunded' })).status).toBe(200);
    const corrections = await world.call('GET', '/v1/transactions?type=correction');
    expect(at(corrections.body, 'data', 0)).toMatchObject({
      quantity: { value: '4.00' },
      correction: { corrects: id, direction: 'less' },
    });
  });
});

describe('consecutive statements', () => {
  it('report a line as missing only when none of them has it', async () => {
    const [early, late, absent] = [await buy(), await buy(), await buy()];
    await moveTo(world, '2025-05-01T08:00:00Z', early);
    await moveTo(world, '2025-05-01T14:00:00Z', late);
    await compareStatement(world, topupFile(topupLine(early, '2025-05-01T08:00:00Z')));
    // The ledger records the transaction only now.
    await moveTo(world, '2025-05-01T10:00:00Z', absent);
    const done = await compareStatement(world, topupFile(topupLine(late, '2025-05-01T14:00:00Z')));
    expect(classesOf(done, early)).toEqual([]);
    expect(classesOf(done, absent)).toEqual(['missing_at_provider']);
  });

  it('report an execution that is billed again under another date, once, but not a repeated line', async () => {
    const id = await buy();
    await moveTo(world, '2025-06-01T12:00:00Z', id);
    const [first, again] = [topupLine(id, '2025-06-01T12:00:00Z'), topupLine(id, '2025-06-02T09:00:00Z')];
    await compareStatement(world, topupFile(first));
    expect(
      countsOf(
        await compareStatement(
          world,
          topupFile(first, topupLine(newUuid(), '2025-06-01T13:00:00Z', { status: 'FAIL' })),
        ),
      ),
    ).toEqual({});
    expect(countsOf(await compareStatement(world, topupFile(topupLine(id, '2025-06-01'))))).toEqual({});
    const billed = await compareStatement(world, topupFile(again));
    expect(found(billed)).toMatchObject([
      {
        class: 'duplicate_at_provider',
        transactionId: id,
        amountAtRisk: { value: '10.00' },
        providerRecord: { line: 2 },
      },
    ]);
    const both = await compareStatement(world, topupFile(again, first));
    expect(found(both).map((one) => at(one, 'id'))).toEqual(found(billed).map((one) => at(one, 'id')));
    expect(await openOf(id)).toHaveLength(1);
    const third = await compareStatement(world, topupFile(topupLine(id, '2025-06-03T09:00:00Z')));
    expect(classesOf(third, id)).toEqual(['duplicate_at_provider']);
    expect(await openOf(id)).toHaveLength(2);
  });

  it('report an accrual that is billed again under another id of LATAM Pass', async () => {
    const { body } = await world.call('POST', '/v1/accruals', accrual(), { prefer: 'wait=15' });
    const [id, theirs] = [textAt(body, 'id'), textAt(body, 'providerReference')];
    await moveTo(world, '2025-06-10T12:00:00Z', id);
    const file = (...references: string[]): string =>
      [
        'latamAccrualId,partnerAccrualId,points,date',
        ...references.map((one) => `${one},${bareId(id)},3000,2025-06-10`),
        '',
      ].join('\n');
    const compare = async (csv: string): Promise<unknown> =>
      countsOf(await compareStatement(world, csv, { provider: 'latam-pass' }));
    expect(await compare(file(theirs))).toEqual({});
    expect(await compare(`${file(theirs)}\n`)).toEqual({});
    expect(await compare(file('LA-OTHER-1'))).toEqual({ duplicate_at_provider: 1 });
    expect(await compare(file('LA-OTHER-1', theirs))).toEqual({ duplicate_at_provider: 1 });
    expect(await openOf(id)).toHaveLength(1);
  });

  it('compare the same bytes again for another period, and return the same run for the same period', async () => {
    const csv = topupFile(topupLine(newUuid(), '2025-06-20T12:00:00Z', { status: 'FAIL' }));
    const one = await compareStatement(world, csv);
    expect((await compareStatement(world, csv)).id).toBe(one.id);
    const before = [['from', '2025-06-20T06:00:00Z']] as const;
    const other = await compareStatement(world, csv, { before });
    expect(other.id).not.toBe(one.id);
    expect((await compareStatement(world, csv, { before })).id).toBe(other.id);
  });
});

describe('the same statement in another time zone', () => {
  const zone = (timeZone: string): { before: [string, string][] } => ({
    before: [['format', JSON.stringify({ timeZone })]],
  });

  it.each([
    ['times', '2025-06-24 20:30:00'],
    ['days', '2025-06-24'],
  ])('reports no further executions, by %s without a zone', async (_, date) => {
    const id = await buy();
    await moveTo(world, '2025-06-25T02:30:00Z', id);
    const csv = topupFile(topupLine(id, date), topupLine(newUuid(), date, { status: 'FAIL' }));
    expect(countsOf(await compareStatement(world, csv))).toEqual({});
    const done = await compareStatement(world, csv, zone('America/Mexico_City'));
    expect(classesOf(done, id)).toEqual([]);
    // Other bytes are another file. Its reading counts too.
    expect(classesOf(await compareStatement(world, `${csv}\n`, zone('America/Mexico_City')), id)).toEqual([]);
    const billed = await compareStatement(world, topupFile(topupLine(id, '2025-06-27 09:00:00')));
    expect(classesOf(billed, id)).toEqual(['duplicate_at_provider']);
  });

  it('reports the same surplus executions and reversals once, including decided ones', async () => {
    const [surplus, reversed] = [await buy(), await buy()];
    await moveTo(world, '2025-06-28T20:00:00Z', surplus, reversed);
    const csv = topupFile(
      topupLine(surplus, '2025-06-28 14:00:00'),
      topupLine(surplus, '2025-06-28 15:00:00'),
      topupLine(reversed, '2025-06-28 14:00:00'),
      topupLine(reversed, '2025-06-28 16:00:00', { status: 'REVERSED' }),
    );
    const one = await compareStatement(world, csv);
    expect([classesOf(one, surplus), classesOf(one, reversed)]).toEqual([
      ['duplicate_at_provider'],
      ['reversal_at_provider'],
    ]);
    await compareStatement(world, csv, zone('America/Mexico_City'));
    expect([(await openOf(surplus)).length, (await openOf(reversed)).length]).toEqual([1, 1]);
    for (const open of [...(await openOf(surplus)), ...(await openOf(reversed))]) {
      const path = `/v1/admin/breaks/${textAt(open, 'id')}/resolve`;
      expect((await world.admin('POST', path, { resolution: 'explained', reason: 'reclaimed' })).status).toBe(200);
    }
    const again = await compareStatement(world, csv, zone('America/Bogota'));
    expect([classesOf(again, surplus), classesOf(again, reversed)]).toEqual([[], []]);
  });
});

describe('a decided break', () => {
  it('hides its own difference, and no other amount, status or date', async () => {
    const id = await buy();
    await moveTo(world, '2025-07-01T12:00:00Z', id);
    const file = (amount: string, date = '2025-07-01T12:00:00Z'): string =>
      topupFile(topupLine(id, date, { amount })) + '\n'.repeat(Math.floor(Math.random() * 1000));
    const decide = async (done: Compared): Promise<void> => {
      expect(found(done)).toHaveLength(1);
      const path = `/v1/admin/breaks/${textAt(found(done)[0], 'id')}/resolve`;
      expect((await world.admin('POST', path, { resolution: 'explained', reason: 'a fee' })).status).toBe(200);
    };
    await decide(await compareStatement(world, file('12.00')));
    const same = await compareStatement(world, file('12.00'));
    expect(countsOf(same)).toEqual({});
    expect(await openOf(id)).toEqual([]);
    const other = await compareStatement(world, file('50.00'));
    expect(countsOf(other)).toEqual({ amount_mismatch: 1 });
    expect(await openOf(id)).toMatchObject([{ amountAtRisk: { value: '40.00' } }]);
    await decide(other);
    const failed = await compareStatement(world, topupFile(topupLine(id, '2025-07-01T12:00:00Z', { status: 'FAIL' })));
    expect(countsOf(failed)).toEqual({ status_conflict: 1 });
    await decide(failed);
    const later = await compareStatement(world, topupFile(topupLine(id, '2025-07-03T12:00:00Z', { status: 'FAIL' })));
    expect(countsOf(later)).toEqual({ status_conflict: 1 });
    expect(await openOf(id)).toHaveLength(1);
  });
});

describe('the preview of a statement', () => {
  it('shows how the file is read and what would be found, and stores nothing', async () => {
    const [unknown, known] = [await buy(MAGIC.latcom.executedAnswerLost), await buy()];
    await moveTo(world, '2025-08-01T12:00:00Z', unknown, known);
    const lines = [unknown, known].map((id) => topupLine(id, '01/08/2025 12:00:00', { amount: '10,00' }));
    const bad = topupLine('1.23457E+14', '01/08/2025 12:00:00', { amount: '10,00' });
    const csv = ['sep=;', TOPUP_HEADER, ...lines, bad, '']
      .join('\r\n')
      .replaceAll(/,(?!\d\d;)/g, ';')
      .replaceAll('10;00', '10,00');
    const before = [['format', '{"decimal":",","dates":"dd/mm/yyyy"}']] as const;
    const state = (): Promise<unknown> =>
      sql(
        world,
        `select (select count(*) from reconciliations), (select count(*) from breaks), (select count(*) from statement_pages),
           (select count(*) from reconciliation_bad_lines), (select count(*) from audit_log)`,
      );
    const then = await state();
    const answer = await sendStatement(world, csv, { before, preview: true });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        format: {
          delimiter: ';',
          encoding: 'utf-8',
          headerLine: 2,
          decimal: ',',
          dates: 'dd/mm/yyyy',
          timeZone: 'UTC',
        },
        period: { from: '2025-08-01T00:00:00.000Z', to: '2025-08-01T12:00:00.000Z', source: 'lines' },
        ...{ lines: 3, badLineCount: 1, badLineCounts: { id_mangled: 1 }, matchedLines: 2 },
        counts: { late_confirmation: 1 },
        sample: [
          {
            line: 3,
            outcome: 'succeeded',
            transactionId: unknown,
            quantity: { value: '10.00', unit: 'MXN' },
          },
          { line: 4, transactionId: known, at: '2025-08-01T12:00:00Z' },
          { line: 5, outcome: null, problem: { column: 'distributor_transaction_id', code: 'id_mangled' } },
        ],
      },
    });
    expect(await state()).toEqual(then);
    expect(await statusOf(unknown)).toBe('unknown');
    expect(countsOf(await compareStatement(world, csv, { before }))).toEqual({ late_confirmation: 1 });
  });

  it('is refused like the statement itself, and exists for statements only', async () => {
    const refused = await sendStatement(world, topupFile(), {
      after: [['from', '2025-01-01T00:00:00Z']],
      preview: true,
    });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ pointer: '/from' }] } });
    const other = await world.admin('POST', '/v1/admin/reconciliations?preview=true', {
      provider: 'latcom',
      kind: 'balance',
    });
    expect(other).toMatchObject({ status: 400, body: { errors: [{ pointer: '/file' }] } });
    expect((await sendForm(world, [['provider', 'latcom']], '?preview=maybe')).status).toBe(400);
  });
});

it('all bad lines are returned as a file, in the order of the statement', async () => {
  const id = await buy();
  await moveTo(world, '2025-09-01T12:00:00Z', id);
  const time = '2025-09-01T12:00:00Z';
  const bad = Array.from({ length: 150 }, () => topupLine(newUuid(), time, { status: '=cmd|x' }));
  const done = await compareStatement(
    world,
    topupFile(...bad, topupLine(id, time, { amount: 'x' }), topupLine(newUuid(), '1970-01-01')),
  );
  expect(done.body).toMatchObject({
    badLineCount: 152,
    badLineCounts: { status_unknown: 150, amount_unreadable: 1, date_outlier: 1 },
  });
  const { status, headers, body } = await world.admin('GET', `/v1/admin/reconciliations/${done.id}/bad-lines`);
  expect([status, headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8']);
  const rows = String(body).split('\r\n');
  expect(rows).toHaveLength(154);
  expect(rows[0]).toBe(`line,column,code,message,transactionId,${TOPUP_HEADER}`);
  expect(rows[1]).toMatch(
    /^2,status,status_unknown,has a status that is not known,,[0-9a-f-]{36},'=cmd\|x,10\.00,MXN,/,
  );
  expect(rows[151]).toMatch(new RegExp(`^152,amount,amount_unreadable,.*,${id},${bareId(id)},SUCCESS,x,MXN,${time}$`));
  expect(rows[152]).toMatch(/^153,date,date_outlier,.*,SUCCESS,10\.00,MXN,1970-01-01T23:59:59\.999Z$/);
  expect((await world.admin('GET', `/v1/admin/reconciliations/rec_${newUuid()}/bad-lines`)).status).toBe(404);
});
