import { gzipSync } from 'node:zlib';
import { ADMIN } from '../../support/gateway.js';
import { at, basicAuth, textAt } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { connectTo, sendRaw } from '../../support/sockets.js';
import { eventually } from '../../support/wait.js';
import { startWorld, topup, type World } from '../../support/world.js';

const VALIDATE = '/v1/topups/validate';
const RESUME = '/v1/admin/providers/latcom/resume';
const STATEMENTS = '/v1/admin/reconciliations';
const JSON_TYPE = { 'content-type': 'application/json' };
const BOUNDARY = 'xxBOUNDARYxx';
const MEGABYTE = 1_000_000;

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

/** Writes the whole request before it reads, like many clients. Returns the answer and the time in milliseconds. */
async function writeFirst(
  head: readonly string[],
  body: readonly (string | Buffer)[],
): Promise<{ text: string; ms: number }> {
  const socket = connectTo(world.gateway().url);
  socket.pause();
  socket.on('error', () => undefined);
  const startedAt = performance.now();
  for (const part of [`${head.join('\r\n')}\r\n\r\n`, ...body]) {
    if (socket.destroyed) break;
    if (!socket.write(part)) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          socket.off('drain', done).off('close', done);
          resolve();
        };
        socket.on('drain', done).on('close', done);
      });
    }
  }
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  socket.resume();
  await eventually(
    10_000,
    () => Promise.resolve(text),
    (read) => /\r\n\r\n[^]*\}/.test(read) || socket.destroyed,
  );
  socket.destroy();
  return { text, ms: performance.now() - startedAt };
}

function headOf(path: string, length: number, type: string, auth: string | null, ...more: string[]): string[] {
  return [
    `POST ${path} HTTP/1.1`,
    'Host: x',
    `Content-Type: ${type}`,
    `Content-Length: ${length}`,
    ...(auth === null ? [] : [`Authorization: ${auth}`]),
    ...more,
  ];
}

describe('a body of zero bytes counts as no body', () => {
  it.each<[what: string, headers: string[]]>([
    ['a form', ['Content-Type: application/x-www-form-urlencoded', 'Content-Length: 0']],
    ['JSON', ['Content-Type: application/json', 'Content-Length: 0']],
    ['multipart', ['Content-Type: multipart/mixed', 'Content-Length: 0']],
    ['nothing', ['Content-Type: ', 'Content-Length: 0']],
    ['what is no type at all', ['Content-Type: ;;', 'Content-Length: 0']],
    ['plain text in chunks', ['Content-Type: text/plain', 'Transfer-Encoding: chunked']],
    ['multipart in chunks', ['Content-Type: multipart/form-data; boundary=x', 'Transfer-Encoding: chunked']],
    ['what is no type, in chunks', ['Content-Type: nonsense', 'Transfer-Encoding: chunked']],
    ['nothing, in chunks', ['Transfer-Encoding: chunked']],
    ['gzip', ['Content-Type: application/json', 'Content-Encoding: gzip', 'Transfer-Encoding: chunked']],
  ])('declared as %s', async (_what, headers) => {
    const head = [`POST ${RESUME} HTTP/1.1`, 'Host: x', `Authorization: ${basicAuth(ADMIN)}`, ...headers];
    const body = headers.some((header) => header.includes('chunked')) ? ['0\r\n\r\n'] : [];
    expect((await writeFirst(head, body)).text).toMatch(/^HTTP\/1\.1 200 /);
  });
});

const json = (text: string, headers: Record<string, string> = {}): ReturnType<World['call']> =>
  world.call('POST', VALIDATE, text, { 'content-type': 'application/json', ...headers });

describe('a JSON body', () => {
  it('may begin with a byte order mark', async () => {
    expect((await json(`\ufeff${JSON.stringify(topup())}`)).body).toMatchObject({ valid: true });
  });

  it.each([
    ['at the top', '{"reference":"a","reference":"b"}', 'reference'],
    ['deeper', '{"reference":"a","amount":{"value":"10.00","value":"20.00"}}', 'value'],
    ['with an escape in one of the names', '{"reference":"a","referenc\\u0065":"b"}', 'reference'],
  ])('with a member twice and different values, %s, is refused', async (_what, text, member) => {
    const answer = await json(text);
    expect(answer.body).toMatchObject({ status: 400, code: 'validation_failed' });
    expect(textAt(answer.body, 'errors', 0, 'message')).toContain(`"${member}" twice`);
  });

  it('with a member twice and the same value is accepted', async () => {
    const text = JSON.stringify(topup()).replace('{', '{"productId":"MOVISTAR_TAE",');
    expect((await json(text)).body).toMatchObject({ valid: true });
  });

  it('with a number that a float cannot hold is refused with the reason', async () => {
    const body =
      '{"reference":"big","member":{"ffn":"01234567890"},"points":9007199254740993,"occurredAt":"2026-01-20T14:10:36Z"}';
    const answer = await world.call('POST', '/v1/accruals', body, { 'content-type': 'application/json' });
    expect(at(answer.body, 'errors', 0)).toMatchObject({ pointer: '/points' });
    expect(JSON.stringify(at(answer.body, 'errors'))).toContain('must be a whole number');
  });

  it.each(['12345678901234567890', '1.2345678901234567890', '1e400'])(
    'with the number %s in place of a text is refused',
    async (digits) => {
      const body = JSON.stringify(topup({ reference: 0, metadata: { a: 0 } })).replaceAll(':0', `:${digits}`);
      const answer = await world.call('POST', '/v1/topups', body, JSON_TYPE);
      expect(answer.status).toBe(400);
      expect(at(answer.body, 'detail')).toContain('(/reference, /metadata)');
    },
  );

  it('with a card number that a float cannot hold is refused as a card', async () => {
    const codeOf = async (digits: string): Promise<unknown> =>
      at((await world.call('POST', '/v1/topups', `{"reference":${digits}}`, JSON_TYPE)).body, 'code');
    expect(await codeOf('6212345678901234569')).toBe('card_data_refused');
    // The check digit is read exactly, although a float would lose it.
    expect(await codeOf('6212345678901234568')).toBe('validation_failed');
  });

  it.each(['gzip', 'br', 'compress', 'gzip, identity'])('with Content-Encoding %s is refused', async (coding) => {
    const answer = await fetch(world.gateway().url + VALIDATE, {
      method: 'POST',
      headers: {
        authorization: basicAuth(world.partner),
        'content-type': 'application/json',
        'content-encoding': coding,
      },
      body: gzipSync(JSON.stringify(topup())),
    });
    expect(answer.status).toBe(415);
    expect(at(await answer.json(), 'detail')).toContain(coding.split(',')[0]);
  });

  it('with Content-Encoding identity is accepted', async () => {
    expect((await json(JSON.stringify(topup()), { 'content-encoding': 'identity' })).status).toBe(200);
  });
});

describe('a multipart form', () => {
  const field = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="provider"\r\n\r\nlatcom\r\n`;
  it.each<[what: string, type: string, body: string]>([
    ['without a boundary', 'multipart/form-data', `${field}--${BOUNDARY}--\r\n`],
    ['with an empty boundary', 'multipart/form-data; boundary=', `${field}--${BOUNDARY}--\r\n`],
    ['with a boundary of another form', 'multipart/form-data; boundary=other', `${field}--${BOUNDARY}--\r\n`],
    ['that is cut off', `multipart/form-data; boundary=${BOUNDARY}`, field],
    ['that is cut off in a name', `multipart/form-data; boundary=${BOUNDARY}`, field.slice(0, 50)],
    [
      'with a name that tampers',
      `multipart/form-data; boundary=${BOUNDARY}`,
      `${field.replace('provider', '__proto__')}--${BOUNDARY}--\r\n`,
    ],
    [
      'with a part without a name',
      `multipart/form-data; boundary=${BOUNDARY}`,
      `${field.replace('; name="provider"', '')}--${BOUNDARY}--\r\n`,
    ],
    [
      'with a file without a name',
      `multipart/form-data; boundary=${BOUNDARY}`,
      `${field.replace('name="provider"', 'filename="s.csv"')}--${BOUNDARY}--\r\n`,
    ],
    [
      'with a part without a name behind the file',
      `multipart/form-data; boundary=${BOUNDARY}`,
      `${field.replace('"provider"', '"file"; filename="s.csv"')}${field.replace('; name="provider"', '')}--${BOUNDARY}--\r\n`,
    ],
    [
      'with U+0000 in a field',
      `multipart/form-data; boundary=${BOUNDARY}`,
      `${field.replace('latcom', 'lat\0com')}--${BOUNDARY}--\r\n`,
    ],
  ])('%s is refused', async (_what, type, body) => {
    const answer = await world
      .gateway()
      .request('POST', STATEMENTS, { auth: ADMIN, body, headers: { 'content-type': type } });
    expect(answer.body).toMatchObject({ status: 400, code: 'validation_failed' });
  });
});

describe('a client that writes the whole request before it reads', () => {
  const lines = Buffer.alloc(MEGABYTE, 'x');
  const body = Array.from({ length: 30 }, () => lines);
  const part = (name: string, value: string): string =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const file = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="s.csv"\r\n\r\nno,such,columns\n`;
  const form = `multipart/form-data; boundary=${BOUNDARY}`;

  it.each<
    [
      what: string,
      status: number,
      path: string,
      type: string,
      auth: 'operator' | 'nobody',
      before: string,
      more: string[],
    ]
  >([
    [
      'a statement without its columns',
      400,
      STATEMENTS,
      form,
      'operator',
      part('provider', 'latcom') + part('kind', 'statement') + file,
      [],
    ],
    ['a form whose fields are wrong', 400, STATEMENTS, form, 'operator', part('kind', 'nonsense') + file, []],
    ['a form of an unknown caller', 401, STATEMENTS, form, 'nobody', file, []],
    ['a form on a connection that is not kept', 400, STATEMENTS, form, 'operator', file, ['Connection: close']],
    ['a large JSON', 413, VALIDATE, 'application/json', 'operator', '"', []],
    ['a path that does not exist', 404, '/v1/nowhere', 'text/csv', 'operator', 'x', []],
  ])('gets the refusal of %s', async (_what, status, path, type, auth, before, more) => {
    const length = before.length + body.length * MEGABYTE;
    const head = headOf(path, length, type, auth === 'nobody' ? null : basicAuth(ADMIN), ...more);
    const { text, ms } = await writeFirst(head, [before, ...body]);
    // On an unknown route, a body that is too large may get a 413 instead of the 404.
    const expected = status === 404 ? '(404|413)' : String(status);
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${expected} `));
    expect(ms).toBeLessThan(2_000);
  });

  it.each<[what: string, more: string[], closes: boolean]>([
    ['is closed as the response says', ['Connection: close'], true],
    ['is kept as the response says', [], false],
  ])('gets a refusal, and the connection %s', async (_what, more, closes) => {
    const head = headOf(VALIDATE, 5 * MEGABYTE, 'application/json', basicAuth(world.partner), ...more);
    const { text } = await writeFirst(head, [lines, lines, lines, lines, lines]);
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    expect(/^connection: close\r$/im.test(text)).toBe(closes);
  });

  it('gets a refusal, and the same connection serves the next request', async () => {
    const head = headOf(VALIDATE, MEGABYTE, 'application/json', basicAuth(world.partner));
    const next = `GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const text = await sendRaw(world.gateway().url, `${head.join('\r\n')}\r\n\r\n${lines.toString()}${next}`);
    expect(text).toMatch(/^HTTP\/1\.1 413 [^]*HTTP\/1\.1 200 /);
  });
});

describe('a request that Node would answer by itself', () => {
  const ask = (...head: string[]): Promise<{ text: string }> => writeFirst(['GET /health/live HTTP/1.1', ...head], []);

  it('without a Host header gets a problem and the usual headers', async () => {
    const { text } = await ask();
    expect(text).toMatch(/^HTTP\/1\.1 400 [^]*x-request-id: [^]*"pointer":"Host"/i);
  });

  it('with an unknown Expect header is served', async () => {
    const socketAnswer = await writeFirst(
      [
        `POST ${RESUME} HTTP/1.1`,
        'Host: x',
        'Expect: wonders',
        `Authorization: ${basicAuth(ADMIN)}`,
        'Content-Length: 0',
      ],
      [],
    );
    expect(socketAnswer.text).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('with a path that cannot be decoded gets a problem and the usual headers', async () => {
    const answer = await world.call('GET', '/v1/transactions/%ff');
    expect([answer.status, answer.headers['x-request-id']]).toEqual([400, at(answer.body, 'requestId')]);
  });
});

it('a request id that looks like a card number is replaced, and other headers are not searched', async () => {
  const card = '4111111111111111';
  const headers = { 'x-request-id': `req-${card}`, 'x-datadog-trace-id': '4611686018427387900', 'user-agent': card };
  const answer = await world.call('POST', VALIDATE, topup({ reference: unique('traced') }), headers);
  expect(answer.status).toBe(200);
  expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect(world.gateway().output()).not.toContain(card);
});
