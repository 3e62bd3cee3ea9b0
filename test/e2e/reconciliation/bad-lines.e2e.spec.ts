import { newUuid } from '../../../src/common/ids.js';
import { ADMIN } from '../../support/gateway.js';
import { at, basicAuth } from '../../support/http.js';
import { bareId } from '../../support/ids.js';
import { sql } from '../../support/sql.js';
import { buyTopup, compareStatement, moveTo, TOPUP_HEADER, topupFile, topupLine } from '../../support/statements.js';
import { startWorld, type World } from '../../support/world.js';

const TIME = '2025-09-01T12:00:00Z';
const OWN = 'line,column,code,message,transactionId';
const CARD = '4111111111111111';

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

async function badLinesOf(id: string, query = ''): Promise<string> {
  const { status, body } = await world.admin('GET', `/v1/admin/reconciliations/${id}/bad-lines${query}`);
  expect(status).toBe(200);
  return String(body);
}

/** Splits a CSV whose cells contain no quotes. */
const rowsOf = (csv: string): string[][] =>
  csv
    .trimEnd()
    .split('\r\n')
    .slice(1)
    .map((row) => row.split(','));
const cellsOf = (csv: string): string[][] => rowsOf(csv).map((row) => row.slice(5));

it('the file of bad lines is a valid statement once its cells are corrected', async () => {
  const ids = [await buyTopup(world), await buyTopup(world), await buyTopup(world)];
  await moveTo(world, TIME, ...ids);
  const [one = '', two = '', three = ''] = ids.map(bareId);
  const header = 'Cliente;Id;Estado;"Importe; total";Moneda;Fecha';
  const columns = {
    ...{ distributor_transaction_id: 'id', status: 'estado', amount: 'Importe; total' },
    ...{ currency: 'moneda', date: 'fecha' },
  };
  const lines = [
    `Ana;${one};LISTO;10,00;MXN;1/9/2025 12:00`,
    `Eva;${two};SUCCESS;10,00;pesos;1/9/2025 12:00`,
    `Sol;${three};SUCCESS;-10,00;MXN;31.31.2025`,
    `Luz;${newUuid()};FAIL;10,00;MXN;1/9/2025 12:00`,
  ];
  const notation = { decimal: ',', dates: 'dd/mm/yyyy' };
  const named = ['columns', JSON.stringify(columns)] as const;
  const first = await compareStatement(world, [header, ...lines, ''].join('\n'), {
    before: [named, ['format', JSON.stringify({ ...notation, delimiter: ';' })]],
  });
  expect(first.body).toMatchObject({ badLineCount: 3, format: { names: { amount: 'Importe; total', date: 'Fecha' } } });
  const csv = await badLinesOf(first.id);
  expect(csv.split('\r\n')).toEqual([
    `${OWN},Id,Estado,"Importe; total",Moneda,Fecha`,
    `2,status,status_unknown,has a status that is not known,txn_${one},${one},LISTO,"10,00",MXN,1/9/2025 12:00`,
    `3,currency,currency_unreadable,has a currency that is not three letters,txn_${two},${two},SUCCESS,"10,00",pesos,1/9/2025 12:00`,
    expect.stringMatching(
      new RegExp(`^4,date,date_unreadable,.*,txn_${three},${three},SUCCESS,"-10,00",MXN,31\\.31\\.2025$`),
    ),
    '',
  ]);
  const corrected = csv.replace('LISTO', 'SUCCESS').replace('pesos', 'MXN').replace('31.31.2025', '1/9/2025 12:00');
  const second = await compareStatement(world, corrected, {
    before: [named, ['format', JSON.stringify(notation)]],
  });
  expect(second.body).toMatchObject({ lines: 3, badLineCount: 0 });
  expect(second.breaks).toEqual([expect.objectContaining({ class: 'reversal_at_provider', transactionId: ids[2] })]);
});

it('bad lines are kept without card numbers, long texts, control characters and ambiguous cells', async () => {
  const long = 'x'.repeat(101);
  const done = await compareStatement(
    world,
    [
      `${TOPUP_HEADER},name`,
      `${CARD},SUCCESS,10.00,MXN,${TIME},Ana Private`,
      `${newUuid()},"4111 1111 1111 1111",10.00,MXN,${TIME},Ana Private`,
      `4.11111111111111E+15,SUCCESS,10.00,MXN,${TIME},`,
      `id-1,${long},10.00,M\0N,${TIME},`,
      `id-2,SUCCESS,10.00,MXN,${TIME},Private, Ana`,
      `id-3,SUCCESS,"10.00,MXN,${TIME},Ana Private`,
      `Total Private,,10.00,,,`,
      '',
    ].join('\n'),
  );
  const csv = await badLinesOf(done.id);
  const leftOut = rowsOf(csv).map((row) => /omitted here: .*/.exec(row.join())?.[0].split(',,')[0] ?? null);
  expect(csv).toContain('2,distributor_transaction_id,card_number,');
  expect(leftOut.map((text) => text !== null)).toEqual([true, true, true, true, false, false, false]);
  expect(csv).toMatch(/^5,status,status_unknown,"has .*; omitted here: status, currency",,id-1,,10\.00,,2025-/m);
  for (const line of [6, 7, 8]) expect(csv).toMatch(new RegExp(`^${line},.*,,,,,$`, 'm'));
  const kept = JSON.stringify(await sql(world, 'select * from reconciliation_bad_lines'));
  for (const text of [csv, kept]) expect(text).not.toMatch(/4\.?111|Private|xxx|\0/);
});

it('a bad line is never kept with its frequent flyer number', async () => {
  const header = 'latamAccrualId,partnerAccrualId,partnerTransactionId,ffn,points,date';
  const done = await compareStatement(world, `${header}\nA-1,,T-1,12345678901,ten,${TIME}\n`, {
    provider: 'latam-pass',
  });
  const csv = await badLinesOf(done.id);
  expect(csv.split('\r\n')[0]).toBe(`${OWN},${header}`);
  expect(cellsOf(csv)).toEqual([['A-1', '', 'T-1', '', 'ten', TIME]]);
  const kept = JSON.stringify(await sql(world, 'select * from reconciliation_bad_lines'));
  expect(kept).not.toContain('12345678901');
});

it('in the file of bad lines, cells that spreadsheets would execute get an apostrophe, and negative amounts are unchanged', async () => {
  const id = newUuid();
  const bad = ['=HYPERLINK("http://x")', '+1', '@x', '-x', '-10.00', String.raw`\N\t{`];
  const lines = bad.map((cell) => `${id},MAYBE,"${cell.replaceAll('"', '""')}",MXN,${TIME}`);
  const ids = ['=1+1', '+1', '@x', '-x'].map((cell) => `${cell},MAYBE,10.00,MXN,${TIME}`);
  const done = await compareStatement(world, topupFile(...lines, ...ids));
  const csv = await badLinesOf(done.id);
  expect(cellsOf(csv).map(([, , amount]) => amount)).toEqual([
    ...[`"'=HYPERLINK(""http://x"")"`, `'+1`, `'@x`, `'-x`, '-10.00', String.raw`\N\t{`],
    ...['10.00', '10.00', '10.00', '10.00'],
  ]);
  const again = await compareStatement(world, csv.replaceAll('MAYBE', 'SUCCESS'));
  expect(again.body).toMatchObject({
    lines: 10,
    badLineCounts: { amount_unreadable: 5, id_apostrophe: 4 },
    badLineCount: 9,
  });
  // The second download contains the cells of the second upload.
  expect(await badLinesOf(again.id)).toContain(`,''@x,`);
});

it('the file of bad lines has other names for its own columns when the statement uses them', async () => {
  const columns: readonly [string, string] = [
    'columns',
    '{"distributor_transaction_id":"transactionId","status":"CODE"}',
  ];
  const done = await compareStatement(world, `transactionID,Code,amount,date\nid-9,MAYBE,10.00,${TIME}\n`, {
    before: [columns],
  });
  const csv = await badLinesOf(done.id);
  expect(csv).toMatch(/^line,column,gateway code,message,gateway transactionId,transactionID,Code,amount,date\r\n/);
  const again = await compareStatement(world, csv.replace('MAYBE', 'FAIL'), { before: [columns] });
  expect(again.body).toMatchObject({ lines: 1, badLineCount: 0 });
});

it('the file of bad lines has lines with distant dates as they were understood', async () => {
  const file = ['id-3', 'id-4', 'id-5'].map((id) => `${id};FAIL;10,50;MXN;${TIME}`);
  const csv = [TOPUP_HEADER.replaceAll(',', ';'), ...file, `id-6;FAIL;1.010,50;MXN;1.1.1970 10:00`, ''].join('\n');
  const format = JSON.stringify({ decimal: ',', thousands: '.', dates: 'dd/mm/yyyy' });
  const done = await compareStatement(world, csv, { before: [['format', format]] });
  const badLines = await badLinesOf(done.id);
  expect(badLines).toMatch(/^5,date,date_outlier,.*,,id-6,FAIL,"1010,50",MXN,1970-01-01T10:00:00Z\r$/m);
  const again = await compareStatement(world, badLines.replace('1970-01-01', '2025-09-01'), {
    before: [['format', format]],
  });
  expect(again.body).toMatchObject({ lines: 1, badLineCount: 0 });
});

it('the file of bad lines begins with a byte order mark on request, and is read again with it', async () => {
  const done = await compareStatement(world, topupFile(topupLine('niño-1', TIME, { status: 'MAYBE' })));
  const url = `${world.gateway().url}/v1/admin/reconciliations/${done.id}/bad-lines?bom=true`;
  const bytes = Buffer.from(await (await fetch(url, { headers: { authorization: basicAuth(ADMIN) } })).arrayBuffer());
  expect(bytes.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
  const csv = bytes.toString().replace('MAYBE', 'FAIL');
  expect(csv).toContain('niño-1');
  const again = await compareStatement(world, csv);
  expect(again.body).toMatchObject({ lines: 1, badLineCount: 0 });
  const refused = await world.admin('GET', `/v1/admin/reconciliations/${done.id}/bad-lines?bom=maybe`);
  expect([refused.status, at(refused.body, 'errors', 0, 'pointer')]).toEqual([400, '?bom']);
});

it('the file of bad lines has accruals with distant dates as understood, without the frequent flyer number', async () => {
  const header = 'ffn,latamAccrualId,partnerTransactionId,points,date';
  const lines = ['B-1', 'B-2', 'B-3'].map((id) => `12345678901,${id},,10,${TIME}`);
  const csv = [header, ...lines, `12345678901,B-4,${'r'.repeat(101)},10,1970-01-01T10:00:00Z`, ''].join('\n');
  const done = await compareStatement(world, csv, { provider: 'latam-pass' });
  const badLines = await badLinesOf(done.id);
  expect(badLines.split('\r\n')[0]).toBe(`${OWN},${header}`);
  expect(badLines).toMatch(
    /^5,date,date_outlier,.*; omitted here: partnerTransactionId.*,,,B-4,,10,1970-01-01T10:00:00Z\r$/m,
  );
});
