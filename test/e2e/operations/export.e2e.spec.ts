import { Agent, get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'csv-parse/sync';
import { ADMIN, startGateway } from '../../support/gateway.js';
import { at, basicAuth, textAt, type Credentials } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { sqlAsOwner } from '../../support/sql.js';
import { compareStatement, moveTo, topupFile, topupLine } from '../../support/statements.js';
import { eventually } from '../../support/wait.js';
import { accrual, pass, startWorld, topup, type World } from '../../support/world.js';

const PARTNER = '/v1/transactions/export';
const OPERATOR = '/v1/admin/transactions/export';
/** Number of rows: several pages, and more bytes than the buffers between two processes hold. */
const MANY = 60_000;

let world: World;
let other: Credentials;
let bulk: Credentials;
let otherId: string;
const ids: string[] = [];

beforeAll(async () => {
  world = await startWorld();
  other = await world.createApp();
  for (const [path, body] of [
    ['/v1/topups', topup({ reference: unique('=1+1 ') })],
    ['/v1/topups', topup({ reference: unique('+cmd|') })],
    ['/v1/topups', topup({ reference: unique('-2,"3"') })],
    ['/v1/passes', pass({ reference: unique('@SUM(A1)'), metadata: { note: '=1' } })],
    ['/v1/accruals', accrual()],
  ] as const) {
    ids.push(textAt((await world.call('POST', path, body, { prefer: 'wait=10' })).body, 'id'));
  }
  const headers = { 'idempotency-key': unique('key') };
  const bought = await world.gateway().request('POST', '/v1/topups', { auth: other, body: topup(), headers });
  otherId = textAt(bought.body, 'id');
  bulk = await world.createApp({ name: 'bulk' });
  await seed();
}, 60_000);

/** Top-ups of the app `bulk`, older than all others. */
async function seed(): Promise<void> {
  await sqlAsOwner(
    world,
    `insert into transactions (id, app_id, type, provider, status, reference, reference_scope, quantity, unit, detail,
       created_at, updated_at, completed_at)
     select (lpad(to_hex(n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid, a.id, 'topup', 'latcom', 'succeeded',
       'bulk-' || n, a.id::text, 1000, 'MXN', jsonb_build_object('phoneNumber', '******6660', 'note', repeat('x', 200)),
       timestamptz '2024-01-01' + n * interval '1 s', timestamptz '2024-01-01' + n * interval '1 s', now()
     from generate_series(1, ${MANY}) n, apps a where a.name = 'bulk'`,
  );
}

async function ask(path: string, auth: Credentials, accept?: string): Promise<Response> {
  const headers = { authorization: basicAuth(auth), ...(accept !== undefined && { accept }) };
  return fetch(world.gateway().url + path, { headers });
}

async function rowsOf(path: string, auth: Credentials): Promise<Record<string, string>[]> {
  const answer = await ask(path, auth, 'text/csv');
  expect(answer.status).toBe(200);
  return parse(await answer.text(), { columns: true });
}

/** Sends a request. Returns the answer when its head has arrived; the body is not read yet. */
function open(url: string, auth: Credentials, agent?: Agent): Promise<IncomingMessage> {
  const headers = { authorization: basicAuth(auth) };
  return new Promise((resolve, reject) => {
    get(url, { headers, ...(agent && { agent }) }, resolve).once('error', reject);
  });
}

/** The exports in the gateway's log that ended after a position. */
function ended(since: number): { rows: number; isComplete: boolean }[] {
  const lines = world
    .gateway()
    .output()
    .slice(since)
    .matchAll(/"rows":(\d+),"isComplete":(true|false),"msg":"export"/g);
  return [...lines].map(([, rows, isComplete]) => ({ rows: Number(rows), isComplete: isComplete === 'true' }));
}

/** The length of the log when it has all that was asked before. */
async function loggedUntilNow(): Promise<number> {
  const marker = unique('marker');
  const headers = { authorization: basicAuth(other), 'x-request-id': marker };
  await fetch(`${world.gateway().url}/v1/transactions`, { headers });
  const log = await eventually(
    10_000,
    () => Promise.resolve(world.gateway().output()),
    (text) => text.includes(marker),
  );
  return log.length;
}

/** The seeded rows alone. */
const SEEDED = '?createdFrom=2024-01-01T00:00:01Z&createdTo=2025-01-01T00:00:00Z';

describe('the export of an app', () => {
  it('has its own transactions as CSV, newest first, without cells that a spreadsheet executes', async () => {
    const [first = ''] = ids;
    const values = ['\tx', bareId(first)];
    await sqlAsOwner(
      world,
      `update transactions set provider_reference = $1, correlation_id = E'\\rx' where id = $2`,
      values,
    );
    const answer = await ask(PARTNER, world.partner);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toMatch(
      /^attachment; filename="transactions-\d{4}-\d\d-\d\d\.csv"$/,
    );
    const text = await answer.text();
    const cells: string[][] = parse(text);
    for (const cell of cells.flat()) expect(cell).not.toMatch(/^[=+\-@\t\r]/);
    const rows: Record<string, string>[] = parse(text, { columns: true });
    expect(rows.map((row) => row['id'])).toEqual([...ids].reverse());
    expect(rows.map((row) => row['reference']?.slice(0, 7))).toEqual([
      'accrual',
      "'@SUM(A",
      `'-2,"3"`,
      "'+cmd|-",
      "'=1+1 -",
    ]);
    expect(rows.at(-1)).toMatchObject({
      providerReference: "'\tx",
      correlationId: "'\rx",
      quantity: '10.00',
      unit: 'MXN',
    });
    expect(JSON.parse(rows[1]?.['metadata'] ?? '')).toEqual({ note: '=1' });
  });

  it.each([
    ['=1+1', true],
    ['+1', true],
    ['-1', true],
    ['@SUM(A1)', true],
    ['\t=1', true],
    ['\r1', true],
    ['\n1', true],
    ['  =1', true],
    ['\u00a0=1', true],
    ['\ufeff=1', true],
    ['\u200b@x', true],
    ['"=1"', true],
    [`'=1`, true],
    ['\uff1d1', true],
    ['\uff0b1', true],
    ['\uff0d1', true],
    ['\uff201', true],
    ['x=1', false],
    ['10.00', false],
    ['two\nlines, "quoted"; and\ra tab\t.', false],
  ])('has the cell %j in CSV with an apostrophe if a spreadsheet would execute it: %s', async (value, isFormula) => {
    const [first = ''] = ids;
    await sqlAsOwner(world, 'update transactions set correlation_id = $1 where id = $2', [value, bareId(first)]);
    const rows = await rowsOf(PARTNER, world.partner);
    expect(rows.at(-1)?.['correlationId']).toBe(isFormula ? `'${value}` : value);
    expect(rows).toHaveLength(ids.length);
    const answer = await ask(PARTNER, world.partner, 'application/x-ndjson');
    const lines = (await answer.text()).trimEnd().split('\n');
    expect(at(JSON.parse(lines.at(-1) ?? ''), 'correlationId')).toBe(value);
  });

  it('begins with a byte order mark on request', async () => {
    for (const [path, auth] of [
      [PARTNER, world.partner],
      [OPERATOR, ADMIN],
    ] as const) {
      const begin = async (query: string): Promise<string> =>
        Buffer.from(await (await ask(path + query, auth, 'text/csv')).arrayBuffer())
          .subarray(0, 5)
          .toString('latin1');
      expect(await begin('?bom=true&type=topup')).toBe('\xef\xbb\xbfid');
      expect(await begin('?bom=false&type=topup')).toBe('id,ty');
      expect((await ask(`${path}?bom=true`, auth, 'application/x-ndjson')).status).toBe(400);
      expect((await ask(`${path}?bom=yes`, auth)).status).toBe(400);
    }
  });

  it('has amounts in JSON with all their digits', async () => {
    const [first = ''] = ids;
    const id = bareId(first);
    await sqlAsOwner(world, `update transactions set quantity = 9007199254740993 where id = $1`, [id]);
    const answer = await ask(PARTNER, world.partner, 'application/x-ndjson');
    expect(await answer.text()).toContain('"quantity":{"value":"90071992547409.93","unit":"MXN"}');
    expect((await rowsOf(PARTNER, world.partner)).at(-1)).toMatchObject({ quantity: '90071992547409.93' });
    await sqlAsOwner(world, `update transactions set quantity = 1000 where id = $1`, [id]);
  });

  it('has a JSON line for each transaction, as in the list but without QR data', async () => {
    const answer = await ask(PARTNER, world.partner, 'application/x-ndjson');
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    const lines = (await answer.text()).trimEnd().split('\n');
    const exported = lines.map((line): unknown => JSON.parse(line));
    const list = await world.call('GET', '/v1/transactions?limit=100');
    expect(exported.map((one) => textAt(one, 'id'))).toEqual([...ids].reverse());
    for (const [index, one] of exported.entries()) {
      const { pass: held, ...listed } = Object(at(list.body, 'data', String(index)));
      expect(one).toMatchObject(listed);
      if (held) expect(at(one, 'pass', 'planId')).toBe('LOUNGE-BASIC');
    }
    expect(lines.join()).toContain('******6660');
    for (const secret of ['5537686660', '01234567890', 'Souza', 'qrData']) expect(lines.join()).not.toContain(secret);
  });

  it.each([
    ['type=pass_create', ['@SUM']],
    ['provider=latcom&status=succeeded', ['-2,"', '+cmd', '=1+1']],
    ['createdTo=2024-01-01T00:00:00Z', []],
    ['updatedFrom=2024-01-01T00:00:00Z&type=accrual', ['accr']],
  ])('is filtered by %s like the list', async (query, references) => {
    const rows = await rowsOf(`${PARTNER}?${query}`, world.partner);
    expect(rows.map((row) => row['reference']?.replace(/^'/, '').slice(0, 4))).toEqual(references);
  });

  it('has many pages with each row once, for this app alone', async () => {
    const rows = await rowsOf(PARTNER + SEEDED, bulk);
    expect(rows).toHaveLength(MANY);
    expect(new Set(rows.map((row) => row['id'])).size).toBe(MANY);
    expect(rows[0]?.['reference']).toBe(`bulk-${MANY}`);
    expect(await rowsOf(PARTNER, other)).toHaveLength(1);
  }, 60_000);
});

describe('the export of an operator', () => {
  it('has the transactions of all apps or of one', async () => {
    const from = '?createdFrom=2025-01-01T00:00:00Z';
    const rows = await rowsOf(OPERATOR + from, ADMIN);
    const known = rows.filter((row) => [...ids, otherId].includes(row['id'] ?? ''));
    expect(known).toHaveLength(ids.length + 1);
    expect(new Set(rows.map((row) => row['id'])).size).toBe(rows.length);
    const appId = known.find((row) => row['id'] === otherId)?.['appId'] ?? '';
    expect(await rowsOf(`${OPERATOR}${from}&appId=${appId}`, ADMIN)).toEqual([
      expect.objectContaining({ appId, id: otherId, type: 'topup' }),
    ]);
  });
});

it('the CSV export has the same details as the JSON export, also for corrections', async () => {
  const app = await world.createApp();
  const headers = { 'idempotency-key': unique('key'), prefer: 'wait=15' };
  const bought = await world.gateway().request('POST', '/v1/topups', { auth: app, body: topup(), headers });
  const id = textAt(bought.body, 'id');
  await moveTo(world, '2025-01-10T12:00:00Z', id);
  const { breaks } = await compareStatement(
    world,
    topupFile(topupLine(id, '2025-01-10T12:00:00Z', { amount: '4.50' })),
  );
  const found = breaks.find((one) => at(one, 'class') === 'amount_mismatch');
  const correct = { resolution: 'correct', reason: 'billed less' };
  expect(await world.admin('POST', `/v1/admin/breaks/${textAt(found, 'id')}/resolve`, correct)).toMatchObject({
    status: 200,
  });
  const types = new Set<unknown>();
  for (const auth of [app, world.partner]) {
    const rows = await rowsOf(PARTNER, auth);
    const lines = (await (await ask(PARTNER, auth, 'application/x-ndjson')).text()).trimEnd().split('\n');
    expect(rows).toHaveLength(lines.length);
    for (const [index, line] of lines.entries()) {
      const transaction: unknown = JSON.parse(line);
      types.add(at(transaction, 'type'));
      const members = ['accrual', 'cobranded', 'pass', 'topup', 'correction'].map((name) => at(transaction, name));
      const particular = members.filter((member) => member !== undefined);
      expect([JSON.parse(rows[index]?.['detail'] ?? '')]).toEqual(particular);
    }
  }
  expect([...types].toSorted()).toEqual(['accrual', 'correction', 'pass_create', 'topup']);
});

describe('an export', () => {
  it.each([
    [`${PARTNER}?status=lost`, undefined, 400, '?status'],
    [`${PARTNER}?limit=5`, undefined, 400, '?limit'],
    [PARTNER, 'application/pdf', 400, 'Accept'],
    [PARTNER, 'text/csv;q=0', 400, 'Accept'],
  ])('of %s with Accept %s is answered with a problem', async (path, accept, status, pointer) => {
    const answer = await ask(path, world.partner, accept);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      status,
      'application/problem+json; charset=utf-8',
    ]);
    expect(answer.headers.get('content-disposition')).toBeNull();
    expect(at(await answer.json(), 'errors', '0', 'pointer')).toBe(pointer);
  });

  it('is refused without the right to read transactions', async () => {
    const blind = await world.createApp({ scopes: ['topups'] });
    const asked = [ask(PARTNER, blind), ask(PARTNER, ADMIN), ask(OPERATOR, world.partner)];
    expect((await Promise.all(asked)).map((answer) => answer.status)).toEqual([403, 403, 403]);
  });

  it('is not even started by a HEAD request', async () => {
    const since = await loggedUntilNow();
    const headers = { authorization: basicAuth(bulk) };
    const answer = await fetch(world.gateway().url + PARTNER, { method: 'HEAD', headers });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
    await loggedUntilNow();
    expect(ended(since)).toEqual([]);
  });
});

describe('the stream of an export', () => {
  it('waits for a client that does not read, and stops when the client disconnects', async () => {
    const since = await loggedUntilNow();
    const answer = await open(world.gateway().url + PARTNER, bulk);
    answer.on('error', () => undefined);
    await sleep(1_500);
    answer.destroy();
    const [end] = await eventually(
      10_000,
      () => Promise.resolve(ended(since)),
      (ends) => ends.length > 0,
    );
    expect(end?.isComplete).toBe(false);
    expect(end?.rows).toBeLessThan(MANY / 2);
  });

  it('is aborted when the database fails midway', async () => {
    const answer = await open(world.gateway().url + PARTNER, bulk);
    await sqlAsOwner(world, 'alter table transactions rename to away');
    try {
      const reading = (async () => {
        let bytes = 0;
        for await (const chunk of answer) bytes += Buffer.byteLength(String(chunk));
        return bytes;
      })();
      await expect(reading).rejects.toThrow('aborted');
    } finally {
      await sqlAsOwner(world, 'alter table away rename to transactions');
    }
    await eventually(
      10_000,
      () => Promise.resolve(world.gateway().output()),
      (log) => log.includes('an export broke off'),
    );
    expect(await rowsOf(PARTNER, world.partner)).toHaveLength(ids.length);
  });

  it('does not keep a gateway from stopping while a client keeps its connection', async () => {
    const another = await startGateway({ databaseUrl: world.database.url, env: world.env });
    const agent = new Agent({ keepAlive: true });
    const answer = await open(another.url + PARTNER + SEEDED, bulk, agent);
    const stopping = another.stop();
    await eventually(
      10_000,
      () => Promise.resolve(another.output()),
      (output) => output.includes('"msg":"stopping"'),
    );
    let text = '';
    for await (const chunk of answer) text += String(chunk);
    expect(text.split('\r\n')).toHaveLength(MANY + 2);
    expect(await stopping).toEqual({ code: 0, signal: null });
    agent.destroy();
  });

  it('has each row that existed at its beginning once, despite simultaneous writes', async () => {
    const answer = await open(world.gateway().url + PARTNER, bulk);
    const since = Date.now();
    const writing = (async () => {
      while (Date.now() - since < 1_000) {
        const headers = { 'idempotency-key': unique('key'), prefer: 'wait=0' };
        await world.gateway().request('POST', '/v1/topups', { auth: bulk, body: topup(), headers });
        await sqlAsOwner(
          world,
          `update transactions set updated_at = now(), version = version + 1 where reference = 'bulk-30000'`,
        );
      }
    })();
    let text = '';
    for await (const chunk of answer) text += String(chunk);
    await writing;
    const rows: Record<string, string>[] = parse(text, { columns: true });
    const old = rows.filter((row) => row['reference']?.startsWith('bulk-'));
    expect(new Set(old.map((row) => row['reference'])).size).toBe(MANY);
    // Transactions created during the export are not included, unless they were already there for the first page.
    expect([old.length, rows.length]).toEqual([MANY, MANY]);
  }, 60_000);
});
