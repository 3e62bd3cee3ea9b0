import { newUuid } from '../../src/common/ids.js';
import { readFormat } from '../../src/reconciliation/statements/reading/declared-format.js';
import { boundsOf } from '../../src/reconciliation/statements/reading/day-bounds.js';
import { StatementRows, type RowOptions } from '../../src/reconciliation/statements/reading/statement-rows.js';
import { pick, randomFile, seeded, type MadeFile } from '../support/statement-files.js';

const COLUMNS = 'distributor_transaction_id,status,amount,currency,date';
const AT = '2026-11-20T14:10:36Z';
const NOW = Date.UTC(2026, 11, 1);

type Options = Partial<RowOptions> & { readonly size?: number };

/** Reads a file in chunks of `size` bytes. */
function rowsOf(csv: string | Buffer, { size = Infinity, ...options }: Options = {}): StatementRows {
  const rows = new StatementRows({ provider: 'latcom', columns: {}, now: NOW, ...options });
  const bytes = Buffer.from(csv);
  for (let at = 0; at < bytes.length; at += size) rows.add(bytes.subarray(at, at + size));
  rows.end();
  return rows;
}

const text = (rows: StatementRows): string => rows.take().lines.toString();

/** The complete result of reading a file. */
function readingOf(file: MadeFile, options: Options): unknown {
  const columns = file.columns ?? {};
  const format = readFormat(file.format);
  try {
    const rows = rowsOf(file.bytes, { provider: file.provider, columns, format, ...options });
    const { lines, named } = rows.take();
    return {
      ...{ lines: lines.toString(), named: named.toString(), bad: rows.bad, badCounts: [...rows.badCounts].toSorted() },
      ...{ count: rows.count, pending: rows.pending, encoding: rows.encoding, header: rows.header },
      ...{ first: rows.times.first, last: rows.times.last, bounds: rows.times.bounds() },
      ...{ ids: [rows.ids.first, rows.ids.last] },
    };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : error };
  }
}

/** Position and fault of the first bad line of a file with these cells. */
function faultOf(cells: string, options: Options = {}, header = COLUMNS): unknown {
  const rows = rowsOf(`${header}\n${cells}\n`, options);
  return rows.bad.map(({ line, column, code }) => [line, column, code])[0] ?? null;
}

const latcom = (changes: Partial<Record<'id' | 'status' | 'amount' | 'currency' | 'date', string>>): string => {
  const { id = newUuid(), status = 'SUCCESS', amount = '10.00', currency = 'MXN', date = AT } = changes;
  return [id, status, amount, currency, date].join(',');
};

describe('statements as spreadsheets, proxies and people produce them', () => {
  const FILES = 300;

  it('are read alike by the quick and the careful reader', () => {
    const random = seeded(1);
    for (let index = 0; index < FILES; index += 1) {
      const file = randomFile(random);
      expect(readingOf(file, {})).toEqual(readingOf(file, { isCareful: true }));
    }
  });

  it('are read alike however their bytes arrive', () => {
    const random = seeded(2);
    for (let index = 0; index < FILES; index += 1) {
      const file = randomFile(random);
      const size = pick(random, file.bytes.length < 5_000 ? [1, 2, 3, 7] : [64, 1000, 10_000]);
      expect(readingOf(file, { size })).toEqual(readingOf(file, {}));
    }
  });
});

it('plain lines of a statement are read by the quick reader, whatever the delimiter', () => {
  for (const delimiter of [',', ';', '\t', '|']) {
    const lines = Array.from({ length: 10 }, () => latcom({}).replaceAll(',', delimiter));
    const csv = [COLUMNS.replaceAll(',', delimiter), ...lines, ''].join('\n');
    const rows = rowsOf(csv, { samples: 0 });
    expect([rows.count, rows.badCount, rows.header?.delimiter]).toEqual([10, 0, delimiter]);
  }
});

it.each([
  ['UTF-8 with a byte order mark', (csv: string) => Buffer.from(`\ufeff${csv}`), 'utf-8'],
  ['UTF-16LE', (csv: string) => Buffer.from(`\ufeff${csv}`, 'utf16le'), 'utf-16le'],
  ['UTF-16BE', (csv: string) => Buffer.from(`\ufeff${csv}`, 'utf16le').swap16(), 'utf-16be'],
  ['Windows-1252', (csv: string) => Buffer.from(csv, 'latin1'), 'windows-1252'],
  ['UTF-8', (csv: string) => Buffer.from(csv), 'utf-8'],
])('the encoding %s of a statement is recognized, and references with accents are read', (_what, bytes, encoding) => {
  const csv = `distributor_transaction_id,Descripción,amount,date\nÑandú 1,SUCCESS,10.00,${AT}\n`;
  const rows = rowsOf(bytes(csv), { columns: { status: 'Descripción' } });
  expect(rows.encoding).toBe(encoding);
  expect(text(rows)).toContain('\tÑandú 1\t');
});

it('a byte order mark that contradicts the declared encoding, and undeclared UTF-16 without one, are refused', () => {
  const csv = `${COLUMNS}\n${latcom({})}\n`;
  const declared = (encoding: string): Options => ({ format: readFormat(JSON.stringify({ encoding })) });
  expect(() => rowsOf(`\ufeff${csv}`, declared('windows-1252'))).toThrow('/format/encoding');
  expect(() => rowsOf(Buffer.from(csv, 'utf16le'))).toThrow('/file');
  expect(rowsOf(Buffer.from(csv, 'utf16le'), declared('utf-16le')).count).toBe(1);
});

it.each([
  ['a line of spreadsheets', 'sep=;'],
  ['titles and empty lines', 'LATCOM S.A.\n\n"Estado de cuenta";;;;\n   '],
])('the header of a statement is found behind %s', (_what, before) => {
  const csv = [
    before,
    ' "Distributor_Transaction_ID" ;STATUS;amount\u00a0;Currency;date',
    latcom({}).replaceAll(',', ';'),
  ];
  const rows = rowsOf(csv.join('\r\n'));
  expect([rows.count, rows.badCount, rows.header?.line]).toEqual([1, 0, 1 + before.split('\n').length]);
});

it.each([
  ['a column twice', `${COLUMNS},Status`, {}, 'status'],
  ['a mapped column twice', 'distributor_transaction_id,Estado,amount,date,ESTADO ', { status: 'Estado' }, 'Estado'],
  ['a column beside the one that is read for it', `${COLUMNS},Importe`, { amount: 'Importe' }, 'amount'],
  ['no date', 'distributor_transaction_id;status;amount', {}, 'date'],
])('a statement is refused when its header has %s, and the column is named', (_what, header, columns, name) => {
  expect(() => rowsOf(`${header}\n`, { columns })).toThrow();
  try {
    rowsOf(`${header}\n`, { columns });
  } catch (error) {
    expect(JSON.stringify(error)).toContain(name);
  }
});

it('a mapping that reads one column twice is refused', () => {
  expect(() => rowsOf(COLUMNS, { columns: { amount: 'status' } })).toThrow('/columns');
  expect(() => rowsOf(COLUMNS, { columns: { amount: 'X', status: ' x' } })).toThrow('/columns');
});

it('unread columns may have the same name', () => {
  const rows = rowsOf(`${COLUMNS},note,Note\n${latcom({})},5" x,"y\n`);
  expect([rows.count, rows.badCount]).toEqual([1, 0]);
});

const AMOUNT_LAST = 'distributor_transaction_id,status,currency,date,amount';
it.each([
  ['more cells than the header', `${newUuid()},SUCCESS,MXN,${AT},1,000.00`, AMOUNT_LAST, [2, null, 'too_many_cells']],
  [
    'a cell without a column name',
    `${newUuid()},SUCCESS,MXN,${AT},1,000.00`,
    `${AMOUNT_LAST},`,
    [2, null, 'nameless_cell'],
  ],
  ['a missing amount', `${newUuid()},SUCCESS,MXN,${AT}`, AMOUNT_LAST, [2, 'amount', 'too_few_cells']],
  [
    'a quote that is open',
    `"${newUuid()},SUCCESS,MXN,${AT},1`,
    AMOUNT_LAST,
    [2, 'distributor_transaction_id', 'quotes'],
  ],
  ['a total', 'Total,,,,30.00', AMOUNT_LAST, [2, null, 'total']],
  ['a total without a label', ',,,,30.00', AMOUNT_LAST, [2, null, 'total']],
  ['the header again', AMOUNT_LAST, AMOUNT_LAST, [2, null, 'repeated_header']],
])('a line of a statement is reported as bad with %s', (_what, cells, header, fault) =>
  expect(faultOf(cells, {}, header)).toEqual(fault),
);

it.each([
  [{ amount: '"10,50"' }, 'amount_undeclared'],
  [{ amount: '"1,000.00"' }, 'amount_undeclared'],
  [{ amount: '1.234' }, 'amount_ambiguous'],
  [{ amount: '10.005000' }, 'amount_inexact'],
  [{ amount: '998.8399999999999' }, 'amount_inexact'],
  [{ amount: '1e3' }, 'amount_unreadable'],
  [{ amount: '$10.00' }, 'amount_unreadable'],
  [{ amount: '0.00' }, 'amount_zero'],
  [{ amount: '' }, 'amount_missing'],
  [{ amount: '1234567890123.00' }, 'amount_too_large'],
  [{ status: 'CANCELLED' }, 'status_unknown'],
  [{ status: '' }, 'status_missing'],
  [{ currency: 'PESOS' }, 'currency_unreadable'],
  [{ date: '03/04/2026' }, 'date_ambiguous'],
  [{ date: '13/04/2026' }, 'date_ambiguous'],
  [{ date: '46000.5' }, 'date_unreadable'],
  [{ date: '2026-12-03T00:00:00Z' }, 'date_in_future'],
  [{ date: '2062-01-10T00:00:00Z' }, 'date_in_future'],
  [{ id: '1.23457E+14' }, 'id_mangled'],
  [{ id: '123456.0' }, 'id_mangled'],
  [{ id: `="${newUuid()}"` }, 'id_formula'],
  [{ id: `'${newUuid()}` }, 'id_apostrophe'],
  [{ id: 'a\u200bb' }, 'id_unreadable'],
  [{ id: '4111-1111-1111-1111' }, 'card_number'],
])('a line of a statement is reported as bad with %j', (changes, code) => {
  expect(faultOf(latcom(changes))).toEqual([2, expect.anything(), code]);
});

it.each([
  ['{"decimal":","}', '"10,50"', '1050'],
  ['{"decimal":",","thousands":"."}', '"1.234,50"', '123450'],
  ['{"decimal":",","thousands":" "}', '"1\u00a0234,5"', '123450'],
  ['{"thousands":","}', '"1,234.50"', '123450'],
  ['{"decimal":"."}', '1.230', '123'],
  [undefined, '0.500', '50'],
  [undefined, '10.00000', '1000'],
])('with the format %s the amount %s is read as %s', (format, amount, digits) => {
  expect(text(rowsOf(`${COLUMNS}\n${latcom({ amount })}\n`, { format: readFormat(format) }))).toContain(
    `\tt\t${digits}\tMXN`,
  );
});

it.each([
  ['{"decimal":",","thousands":"."}', '10.50'],
  ['{"decimal":","}', '10.50'],
  ['{"thousands":","}', '"10,50"'],
])('with the format %s the amount %s is refused', (format, amount) => {
  expect(faultOf(latcom({ amount }), { format: readFormat(format) })).toEqual([2, 'amount', 'amount_undeclared']);
});

it.each([
  [undefined, '2026-11-20', '2026-11-20T23:59:59.999'],
  [undefined, '2026-11-20T14:10', '2026-11-20T14:10:00'],
  [undefined, '2026-11-20 14:10:36.123456789Z', '2026-11-20T14:10:36.123456789'],
  [undefined, '2026-11-20T23:10:36.5-0300', '2026-11-21T02:10:36.5'],
  [undefined, '2026-11-20 14:10:36+00', '2026-11-20T14:10:36'],
  [undefined, '2026-02-30', null],
  [undefined, '2026-13-01', null],
  [undefined, '0001-01-01T00:00:00+14:00', null],
  [undefined, '2026-11-20T25:00:00Z', null],
  ['{"dates":"dd/mm/yyyy"}', '03/04/2026', '2026-04-03T23:59:59.999'],
  ['{"dates":"dd/mm/yyyy"}', '13/04/2026 1:05:00 p. m.', '2026-04-13T13:05:00'],
  ['{"dates":"mm/dd/yyyy"}', '04/13/2026 12:05 AM', '2026-04-13T00:05:00'],
  ['{"dates":"dd/mm/yyyy"}', '04/13/2026', null],
  ['{"timeZone":"America/Mexico_City"}', '2026-11-20 14:10:36', '2026-11-20T20:10:36'],
  ['{"timeZone":"America/Mexico_City"}', '2026-11-20T14:10:36Z', '2026-11-20T14:10:36'],
  ['{"timeZone":"America/Mexico_City"}', '2026-11-20', '2026-11-21T05:59:59.999'],
  ['{"timeZone":"America/Santiago"}', '2026-09-05', '2026-09-06T03:59:59.999'],
])('with the format %s the date %s is read as %s', (format, date, at) => {
  const rows = rowsOf(`${COLUMNS}\n${latcom({ date })}\n`, { format: readFormat(format) });
  expect(rows.times.last).toBe(at);
});

it.each(['2026-09-06 00:30:00', '2026-04-04 23:30:00'])(
  'a local time that occurs twice or never is refused: %s',
  (date) => {
    const format = readFormat('{"timeZone":"America/Santiago"}');
    expect(faultOf(latcom({ date }), { format })).toEqual([2, 'date', 'date_not_unique']);
  },
);

it.each([
  ['{"delimiter":":"}', '/format/delimiter'],
  ['{"decimal":",","thousands":","}', '/format/decimal'],
  ['{"thousands":"."}', '/format/decimal'],
  ['{"timeZone":"Mars/Olympus"}', '/format/timeZone'],
  ['{"timeZone":"+02:00"}', '/format/timeZone'],
  ['{"separator":";"}', '/format/separator'],
  ['{"dates":1}', '/format/dates'],
  ['[]', '/format'],
  ['{', '/format'],
])('the statement format %s is refused at %s', (format, pointer) =>
  expect(() => readFormat(format)).toThrow(`(${pointer})`),
);

it.each([
  ['PENDING', '10.00', 'pending'],
  ['en proceso', '', 'pending'],
  ['In_Process', '-1', 'pending'],
  ['REVERSED', '10.00', 'reversal'],
  ['Devolución', '', 'reversal'],
  ['SUCCESS', '-10.00', 'reversal'],
  ['SUCCESS', '(10.00)', 'reversal'],
  ['FAIL', '\u221210.00', 'reversal'],
])('a line with status "%s" and amount "%s" is read as a %s and settles nothing', (status, amount, kind) => {
  const id = newUuid();
  const rows = rowsOf(`${COLUMNS}\n${latcom({ id, status, amount })}\n`);
  const { lines, named } = rows.take();
  expect(lines.toString()).toBe('');
  expect(named.toString()).toContain(`2\t${kind}\t\\N\t\\N\t${id}\t`);
  expect([rows.pending, rows.badCount]).toEqual([kind === 'pending' ? 1 : 0, 0]);
});

it.each(['', '0.00', '10.00'])('a failed line needs no amount: "%s"', (amount) => {
  const rows = rowsOf(`${COLUMNS}\n${latcom({ status: 'FAIL', amount })}\n`);
  expect([rows.count, rows.badCount]).toEqual([1, 0]);
  expect(text(rows)).toContain(amount === '10.00' ? '\tf\t1000\t' : '\tf\t\\N\t');
});

it('the transaction of an unreadable line is found, even when its id is mangled', () => {
  const id = newUuid();
  const bad = [
    latcom({ id, status: 'MAYBE' }),
    latcom({ id: `="${id.toUpperCase()}"` }),
    `"${id},SUCCESS`,
    `x,y,z,"${id}",,,,,`,
    latcom({ id: `${id} ${id}`, date: 'x' }),
  ];
  const named = rowsOf([COLUMNS, ...bad, ''].join('\n'))
    .take()
    .named.toString();
  const transactionIds = named
    .trimEnd()
    .split('\n')
    .map((row) => row.split('\t')[4]);
  expect(transactionIds).toEqual(bad.map(() => id));
});

it.each([
  ['without a line end between them', ''],
  ['with a byte order mark between them', '\ufeff'],
  ['with the line separator of Unicode between them', '\u2028'],
])('the transactions of lines glued together %s are all found', (_, between) => {
  const [one, other] = [newUuid(), newUuid()];
  const rows = rowsOf(`${COLUMNS}\n${latcom({ id: one })}${between}${latcom({ id: other })}\n`);
  expect(rows.bad.map(({ code }) => code)).toEqual(['too_many_cells']);
  const { lines, named } = rows.take();
  expect([lines.toString(), named.toString().includes(one), named.toString().includes(other)]).toEqual([
    '',
    true,
    true,
  ]);
});

describe('lone carriage returns', () => {
  it('end lines among other line ends, but not inside an unread cell', () => {
    const ids = [newUuid(), newUuid(), newUuid(), newUuid()];
    const [a, b, c, d] = ids.map((id) => latcom({ id }));
    for (const size of [1, 7, Infinity]) {
      const csv = `${COLUMNS},note\r\n${a},x\n${b},y\r${c},"z"\r\r\n${d},"two\rlines"\n${latcom({ status: 'MAYBE' })},\n`;
      const rows = rowsOf(csv, { size });
      expect(rows.bad.map(({ line, code }) => [line, code])).toEqual([[6, 'status_unknown']]);
      const taken = text(rows);
      expect(ids.map((id) => taken.includes(id))).toEqual(ids.map(() => true));
    }
  });

  it('cause the refusal of a file in which they join so many lines that the result is too long', () => {
    const lines = Array.from({ length: 2_000 }, () => latcom({}));
    expect(() => rowsOf(`${COLUMNS}\n${lines.join('\r')}\n`)).toThrow('/file');
    const long = `${latcom({})},${'x\r'.repeat(40_000)}`;
    expect(rowsOf(`${COLUMNS},note\n${long}\n${latcom({})},\n`).bad.map(({ code }) => code)).toEqual(['line_too_long']);
  });
});

it.each(['TOTAL', 'Total general', 'totales:', 'Sub-total', 'Grand total', 'Saldo final', 'Saldo', 'Closing balance'])(
  'the summary line "%s" with all its cells is not an execution',
  (word) => {
    const accrual = `TOTALPASS,,1,2026-11-20T00:00:00Z\nTOTAL-31,,1,2026-11-20T00:00:00Z\n${word},,15000,2026-11-20T00:00:00Z`;
    const header = 'latamAccrualId,partnerTransactionId,points,date';
    for (const isCareful of [true, false]) {
      const points = rowsOf(`${header}\n${accrual}\n`, { provider: 'latam-pass', isCareful });
      expect(points.bad.map(({ line, code }) => [line, code])).toEqual([[4, 'total']]);
      expect(text(points).split('\n')).toHaveLength(3);
      expect(faultOf(latcom({ id: word }), { isCareful })).toEqual([2, null, 'total']);
    }
  },
);

it('an id is the same in another case, in braces and as a URN', () => {
  const id = newUuid();
  const ids = [id.toUpperCase(), `{${id}}`, `urn:uuid:${id}`, `txn_${id}`, id.replaceAll('-', '')];
  const rows = rowsOf([COLUMNS, ...ids.map((one) => latcom({ id: one })), ''].join('\n'));
  expect(text(rows).match(new RegExp(`\t${id}\t`, 'g'))).toHaveLength(ids.length);
});

it('a quoted line break and a line that is too long do not spoil other lines', () => {
  const long = 'x'.repeat(70_000);
  for (const size of [1_000, Infinity]) {
    const csv = [`${COLUMNS},note`, `${latcom({})},"a`, `b"`, `${latcom({})},${long}`, `${latcom({})},`, ''].join('\n');
    const rows = rowsOf(csv, { size });
    expect(rows.bad.map(({ line, code }) => [line, code])).toEqual([
      [3, 'too_few_cells'],
      [4, 'line_too_long'],
    ]);
    expect(rows.count).toBe(4);
  }
});

it('lines of LATAM Pass are read in any order of columns, and a card number is not an id', () => {
  const id = newUuid();
  const header = 'date,ffn,points,partnerTransactionId,latamAccrualId,partnerAccrualId';
  const lines = [
    `${AT},01234567890,300,ORDER-1,A-1,${id}`,
    `${AT},x,300,,4111-1111-1111-1111,`,
    `${AT},x,0,,A-2,`,
    `${AT},"x,-300,,A-3,${id}`,
  ];
  const rows = rowsOf([header, ...lines, ''].join('\n'), { provider: 'latam-pass' });
  const { lines: good, named } = rows.take();
  expect(good.toString()).toMatch(
    new RegExp(`^2\t${id}\tA-1\tORDER-1\tt\t300\tLATAM_PASS_POINTS\t2026-11-20T14:10:36\tf\t\\d+\n$`),
  );
  expect(rows.bad.map(({ line, code }) => [line, code])).toEqual([
    [3, 'card_number'],
    [4, 'amount_zero'],
  ]);
  expect(named.toString()).toContain(`5\treversal\t\\N\t\\N\t${id}\tA-3\t`);
});

it('every repeated id is marked as suspicious', () => {
  const ids = Array.from({ length: 2_000 }, newUuid);
  const lines = [...ids, ...ids].map((id) => latcom({ id }));
  const again = text(rowsOf([COLUMNS, ...lines, ''].join('\n')))
    .split('\n')
    .map((row) => row.split('\t')[8] === 't');
  expect(again.slice(0, 2_000).filter(Boolean).length).toBeLessThan(10);
  expect(again.slice(2_000, 4_000).every(Boolean)).toBe(true);
});

describe('the days of a statement', () => {
  const day = (at: number, lines = 1): { day: number; lines: number } => ({ day: at, lines });

  it.each([
    ['one day', [day(100)], [100, 100]],
    ['a month of few lines', [day(100), day(115), day(131)], [100, 131]],
    ['one line of 1970 and one of today', [day(0), day(20_000)], [20_000, 20_000]],
    ['many lines, and one a week and a half before', [day(90), day(101, 500), day(102, 500)], [101, 102]],
    ['many lines with a long holiday in between', [day(100, 500), day(107, 500)], [100, 107]],
    ['two large groups of lines', [day(100, 500), day(120, 400)], [100, 120]],
    ['many lines of a year before, and more of this year', [day(100, 400), day(465, 500)], [465, 465]],
  ])('are computed for %s', (_what, days, [first, last]) => expect(boundsOf(days, 0)?.bulk).toEqual({ first, last }));

  it('are none when all lines are older than ten years', () => {
    expect(boundsOf([day(0, 500)], 10_000)).toMatchObject({ bulk: null, near: { first: 10_000 } });
  });

  it('have late lines near them, and no lines far from them', () => {
    expect(boundsOf([day(90), day(101, 500)], 0)?.near.first).toBeLessThanOrEqual(90);
    expect(boundsOf([day(60), day(101, 500)], 0)?.near.first).toBeGreaterThan(60);
  });
});
