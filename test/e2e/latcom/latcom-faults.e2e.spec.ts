import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { at, textAt, type Answer } from '../../support/http.js';
import { bareId } from '../../support/ids.js';
import { answer, approval, startLatcomStub, type LatcomStub, type PurchaseCall } from '../../support/latcom-stub.js';
import { portOf } from '../../support/sockets.js';
import { sql } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { startWorld, topup, type World } from '../../support/world.js';

const DECLINED = ['05', '12', '13', '14', '51', '83'];
const STATUSES = [200, 201, 302, 400, 402, 403, 404, 422, 500, 502, 503, 504];
const PESOS = 10;

let stub: LatcomStub;
let world: World;

beforeAll(async () => {
  stub = await startLatcomStub();
  world = await startPatientWorld();
  await buy();
}, 60_000);

afterAll(() => stub.close());

function startPatientWorld(): Promise<World> {
  return startWorld({
    gateway: {
      LATCOM_BASE_URL: stub.baseUrl,
      LATCOM_TIMEOUT_MS: '3000',
      LATCOM_REQUESTS_PER_15_MINUTES: '100000',
      // The balance is queried only at the start, because the tests count calls.
      LATCOM_BALANCE_SECONDS: '3600',
      BREAKER_FAILURES: '100000',
    },
  });
}

async function buy(behave: LatcomStub['behave'] = approve, wait = 15): Promise<Answer> {
  stub.behave = behave;
  return world.call('POST', '/v1/topups', topup(), { prefer: `wait=${wait}` });
}

function sent(bought: Answer): number {
  return stub.arrived.get(bareId(textAt(bought.body, 'id'))) ?? 0;
}

async function evidence(bought: Answer, from = world): Promise<unknown> {
  const events = await from.call('GET', `/v1/transactions/${textAt(bought.body, 'id')}/events`);
  const list = at(events.body, 'data');
  return Array.isArray(list) ? at(list.at(-1), 'detail', 'reason') : undefined;
}

const approve = ({ socket, body }: PurchaseCall): void => void socket.end(answer(200, approval(body)));

/**
 * The expected status, written independently of the code: 2xx with true and "00" succeeds, a clear refusal below 500
 * fails, anything else is unknown.
 */
function expected(status: number, success: boolean, code: string | null): string {
  if (success) return status < 300 && code === '00' ? 'succeeded' : 'unknown';
  if (status >= 500) return 'unknown';
  if (code === null) return status === 400 || status === 402 ? 'failed' : 'unknown';
  return DECLINED.includes(code) ? 'failed' : 'unknown';
}

describe('a purchase answered with HTTP status', () => {
  it.each(STATUSES)('%i ends as its response code says, for every code, and is sent once', async (status) => {
    const seen: string[] = [];
    const wanted: string[] = [];
    for (const success of [true, false]) {
      for (const code of ['00', ...DECLINED, '91', '96', '77', null]) {
        const bought = await buy(({ socket, body }) => {
          const id = body['distributor_transaction_id'];
          const said = { success, distributor_transaction_id: id, error: 'no', ...(code && { response_code: code }) };
          socket.end(answer(status, JSON.stringify(said)));
        });
        const name = `${status} ${String(success)} ${String(code)}:`;
        seen.push(`${name} ${String(at(bought.body, 'status'))}, sent ${sent(bought)}`);
        wanted.push(`${name} ${expected(status, success, code)}, sent 1`);
      }
    }
    expect(seen).toEqual(wanted);
  });
});

describe('a purchase whose answer is incomplete', () => {
  it('becomes unknown when the connection is cut before the request was read', async () => {
    stub.refusing = true;
    const bought = await buy();
    stub.refusing = false;
    expect(at(bought.body, 'status')).toBe('unknown');
    expect([stub.cut > 0, sent(bought)]).toEqual([true, 0]);
    const { body } = await world.gateway().request('GET', '/metrics');
    // The error code depends on whether the bytes were sent before the connection was cut. A cut before the connection
    // was established proves that nothing was sent, so the purchase is sent again.
    expect(body).toMatch(
      /calls_total\{provider="latcom",operation="purchase",outcome="(econnreset|epipe|und_err_socket)"\} [1-9]/,
    );
  });

  const whole = (body: PurchaseCall['body']): string => answer(200, approval(body));
  const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024, ' '));

  it.each<[string, LatcomStub['behave'], RegExp]>([
    ['reset after the request was read', ({ socket }) => void socket.resetAndDestroy(), /./],
    ['closed without a byte', ({ socket }) => void socket.end(), /./],
    ['cut in the head', ({ socket }) => void socket.end('HTTP/1.1 200 OK\r\ncontent-'), /./],
    ['cut in the body', ({ socket, body }) => void socket.end(whole(body).slice(0, -10)), /./],
    [
      'reset in the body',
      ({ socket, body }) => void socket.write(whole(body).slice(0, -10), () => socket.resetAndDestroy()),
      /./,
    ],
    ['no HTTP', ({ socket }) => void socket.end('220 smtp ready\r\n'), /./],
    ['HTML with 200', ({ socket }) => void socket.end(answer(200, '<html>Aprobado</html>')), /unreadable_answer/],
    ['an empty 200', ({ socket }) => void socket.end(answer(200, '')), /unreadable_answer/],
    ['a list', ({ socket }) => void socket.end(answer(200, '[]')), /unreadable_answer/],
    [
      'an approval of another purchase',
      ({ socket, body }) => void socket.end(answer(200, approval(body, { distributor_transaction_id: 'x' }))),
      /another_purchase/,
    ],
    ['never', () => undefined, /timeout/],
    ['one byte per 500 ms', ({ socket, body }) => drip(socket, whole(body)), /timeout/],
    [
      'a gzip bomb',
      ({ socket }) => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`);
        socket.end(bomb);
      },
      /answer_too_large/,
    ],
    ['a body without end', ({ socket }) => flood(socket), /answer_too_large/],
  ])('becomes unknown and is sent once: %s', async (_what, behave, reason) => {
    const bought = await buy(behave);
    expect([bought.status, at(bought.body, 'status'), sent(bought)]).toEqual([202, 'unknown', 1]);
    expect(await evidence(bought)).toEqual(expect.stringMatching(reason));
  });

  it('becomes unknown when it is redirected, and the redirect is not followed', async () => {
    let connections = 0;
    const other = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve));
    const location = `http://127.0.0.1:${portOf(other)}/api/distributor/product_purchase`;
    for (const status of [301, 302, 303, 307, 308]) {
      const bought = await buy(({ socket }) => void socket.end(answer(status, '', { location })));
      expect([status, at(bought.body, 'status'), sent(bought)]).toEqual([status, 'unknown', 1]);
    }
    expect(connections).toBe(0);
    await new Promise((resolve) => other.close(resolve));
  });
});

describe('a purchase that was certainly not executed', () => {
  const until = (bought: Answer, status: string): Promise<Answer> =>
    eventually(
      20_000,
      () => world.call('GET', `/v1/topups/${textAt(bought.body, 'id')}`),
      (one) => at(one.body, 'status') === status,
    );

  it('waits while LATCOM does not listen, and is sent once when it does', async () => {
    await stub.close();
    const bought = await buy(undefined, 1);
    expect([bought.status, at(bought.body, 'status')]).toEqual([202, 'pending']);
    await stub.open();
    await until(bought, 'succeeded');
    expect(sent(bought)).toBe(1);
    const row = await world.call('GET', `/v1/transactions/${textAt(bought.body, 'id')}/events`);
    expect(at(row.body, 'data', 1)).toMatchObject({
      to: null,
      evidence: 'not sent',
      detail: { reason: 'econnrefused' },
    });
  });

  it('fails when LATCOM does not listen until it expires', async () => {
    await stub.close();
    const expiresAt = new Date(Date.now() + 2_000).toISOString();
    const bought = await world.call('POST', '/v1/topups', topup({ expiresAt }), { prefer: 'wait=0' });
    const failed = await until(bought, 'failed');
    await stub.open();
    expect(at(failed.body, 'failure', 'code')).toBe('not_sent_in_time');
    expect(sent(bought)).toBe(0);
  });

  it('is not sent a third time after a second 401, and can be canceled', async () => {
    // In a world of its own: after two refused tokens the next login waits.
    const other = await startPatientWorld();
    stub.behave = ({ socket }) => void socket.end(answer(401, '{"success":false}'));
    const bought = await other.call('POST', '/v1/topups', topup(), { prefer: 'wait=2' });
    expect([at(bought.body, 'status'), sent(bought)]).toEqual(['pending', 2]);
    expect(await evidence(bought, other)).toBe('token_refused');
    const canceled = await other.call('POST', `/v1/topups/${textAt(bought.body, 'id')}/cancel`);
    expect(at(canceled.body, 'status')).toBe('canceled');
  }, 60_000);
});

it('the balances are held for unknown and posted for succeeded purchases, and nothing is sent afterwards', async () => {
  await buy();
  await buy(({ socket }) => void socket.end());
  const arrivals = (): number => [...stub.arrived.values()].reduce((sum, times) => sum + times, 0);
  const before = arrivals();
  await sleep(2_000);
  expect(arrivals()).toBe(before);
  const balances = await world.admin('GET', '/v1/admin/ledger/balances');
  const accounts = at(balances.body, 'data');
  if (!Array.isArray(accounts)) throw new Error('no accounts');
  const counts = await sql(world, `select status, count(*)::int as count from transactions group by status`);
  const pesosOf = (status: string): string =>
    `${Number(counts.find((row) => row['status'] === status)?.['count'] ?? 0) * PESOS}.00`;
  const books = { held: pesosOf('unknown'), posted: pesosOf('succeeded') };
  expect(Number(books.held) * Number(books.posted)).toBeGreaterThan(0);
  expect(accounts.find((one) => at(one, 'account') === 'latcom')).toMatchObject(books);
  expect(accounts.find((one) => at(one, 'kind') === 'app')).toMatchObject({
    held: `-${books.held}`,
    posted: `-${books.posted}`,
  });
});

function drip(socket: PurchaseCall['socket'], text: string): void {
  let next = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || next >= text.length) clearInterval(timer);
    else socket.write(text.charAt(next));
    next += 1;
  }, 500);
  socket.on('close', () => clearInterval(timer));
}

function flood(socket: PurchaseCall['socket']): void {
  socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
  const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
  const pour = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', pour);
  pour();
}
