import { newUuid } from '../src/ids.js';
import { StatementRows } from '../src/reconciliation/statement-rows.js';
import { readLocalTime } from '../src/readers/local-time.js';

const COLUMNS = 'distributor_transaction_id,status,amount,currency,date';

/** `size` bytes at a time. */
function rowsOf(provider: 'latcom' | 'latam-pass', csv: string, size = csv.length): StatementRows {
  const rows = new StatementRows({ provider, columns: {} });
  const bytes = Buffer.from(csv);
  for (let at = 0; at < bytes.length; at += size) rows.add(bytes.subarray(at, at + size));
  rows.end();
  return rows;
}

const text = (rows: StatementRows): string => rows.take().lines.toString();

/** Of each cell one that is plain and some that are not; quotes make any line one that is read the careful way. */
const CELLS: Readonly<Record<string, readonly string[]>> = {
  id: [
    newUuid(),
    newUuid().toUpperCase(),
    'ORDER-1',
    'Ñandú 1',
    '4111-1111-1111-1111',
    '',
    '00000000-0000-0000-0000-000000000000',
  ],
  status: ['SUCCESS', 'FAIL', 'success', 'MAYBE', ''],
  amount: ['10.00', '1.5', '7', '0.50', '0.00', '010.00', '1234567890123.00', '-1.00', '1e3', ''],
  currency: ['MXN', 'usd', '', 'PESOS'],
  date: [
    '2026-11-20T14:10:36.177Z',
    '2026-11-20T14:10:36Z',
    '2026-01-31T00:00:00Z',
    '2024-02-29T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-11-20',
    '2026-11-20 14:10',
    '2026-11-20T14:10:36-03:00',
    '0000-01-01T00:00:00Z',
    'yesterday',
  ],
};

function linesOf(quote: string): string[] {
  const { id = [], status = [], amount = [], currency = [], date = [] } = CELLS;
  const plain = [id[0], status[0], amount[0], currency[0], date[0]];
  return [id, status, amount, currency, date].flatMap((cells, position) =>
    cells.map((cell) => plain.map((one, at) => `${quote}${at === position ? cell : one}${quote}`).join(',')),
  );
}

it('reads a plain line as the careful way does, whatever is in it', () => {
  const [quick, careful] = ['', '"'].map((quote) => rowsOf('latcom', [COLUMNS, ...linesOf(quote), ''].join('\n')));
  expect(quick?.bad).toEqual(careful?.bad);
  expect(quick?.bad.length).toBeGreaterThan(10);
  expect(quick?.span).toEqual(careful?.span);
  expect(careful?.span).toEqual({ first: '2024-02-29T00:00:00', last: '2026-11-20T23:59:59.999' });
  const numbers = (rows?: StatementRows): string =>
    text(rows ?? rowsOf('latcom', '')).replace(/\t0*(\d+)\t/g, '\t$1\t');
  expect(numbers(quick)).toBe(numbers(careful));
});

it.each([1, 7, 64])('reads the same however the bytes come: %i at a time', (size) => {
  const csv = ['\ufeff' + COLUMNS, ...linesOf(''), '', ...linesOf('"')].join('\r\n');
  const [whole, pieces] = [rowsOf('latcom', csv), rowsOf('latcom', csv, size)];
  expect(pieces.bad).toEqual(whole.bad);
  expect(pieces.count).toBe(whole.count);
  expect(text(pieces)).toBe(text(whole));
});

it('reads lines of LATAM Pass in any order of columns, and takes no card number for an id', () => {
  const id = newUuid();
  const header = 'date,ffn,points,partnerTransactionId,latamAccrualId,partnerAccrualId';
  const at = '2026-11-20T14:10:36Z';
  const rows = rowsOf(
    'latam-pass',
    [
      header,
      `${at},01234567890,300,ORDER-1,A-1,${id}`,
      `${at},x,300,,4111-1111-1111-1111,`,
      `${at},x,0,,A-2,`,
      '',
    ].join('\n'),
  );
  expect(text(rows)).toBe(`2\t${id}\tA-1\tORDER-1\tt\t300\tLATAM_PASS_POINTS\t2026-11-20T14:10:36\tf\n`);
  expect(rows.bad.map((one) => one.line)).toEqual([3, 4]);
});

it('suspects every id that comes again', () => {
  const ids = Array.from({ length: 2_000 }, newUuid);
  const lines = [...ids, ...ids].map((id) => `${id},SUCCESS,10.00,MXN,2026-11-20T14:10:36Z`);
  const again = text(rowsOf('latcom', [COLUMNS, ...lines, ''].join('\n')))
    .split('\n')
    .map((row) => row.endsWith('\tt'));
  expect(again.slice(0, 2_000).filter(Boolean).length).toBeLessThan(10);
  expect(again.slice(2_000, 4_000).every(Boolean)).toBe(true);
});

it.each([
  ['2026-11-20', '2026-11-20T23:59:59.999'],
  ['2026-11-20T14:10', '2026-11-20T14:10:00'],
  ['2026-11-20 14:10:36.123456789Z', '2026-11-20T14:10:36.123456789'],
  ['2026-11-20T23:10:36.5-0300', '2026-11-21T02:10:36.5'],
  ['2026-02-30', null],
  ['2026-13-01', null],
  ['0001-01-01T00:00:00+14:00', null],
  ['9999-12-31T23:59:59-14:00', null],
  ['2026-11-20T25:00:00Z', null],
])('takes %s for %s in UTC', (cell, utc) => expect(utcOf(cell)).toBe(utc));
