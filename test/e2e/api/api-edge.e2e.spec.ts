import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase } from '../../support/database.js';
import { ADMIN, startGateway, type Gateway } from '../../support/gateway.js';
import { at, basicAuth } from '../../support/http.js';
import { connectTo, sendRaw } from '../../support/sockets.js';
import { eventually } from '../../support/wait.js';

/** A route that runs all checks that routes share. */
const APPS = '/v1/admin/apps';
const JSON_TYPE = { 'content-type': 'application/json' };
const APP = { name: 'Edge', scopes: ['accruals'] };
const SOME_TEXT: unknown = expect.any(String);

let gateway: Gateway;

beforeAll(async () => {
  const database = await createDatabase();
  gateway = await startGateway({ databaseUrl: database.url });
});

const post = (body: string, headers: Record<string, string> = JSON_TYPE) =>
  gateway.request('POST', APPS, { auth: ADMIN, body, headers });

const raw = (text: string, timeoutMs?: number): Promise<string> => sendRaw(gateway.url, text, timeoutMs);

describe('request bodies', () => {
  test.each<[string, string, string]>([
    ['malformed JSON', '{"name":', ''],
    ['an array', '[]', ''],
    ['a string', '"x"', ''],
    ['null', 'null', ''],
    ['an unknown member', JSON.stringify({ ...APP, balance: 5 }), '/balance'],
    ['a number in quotes', JSON.stringify({ ...APP, rateLimitPerMinute: '5' }), '/rateLimitPerMinute'],
    ['a fraction', JSON.stringify({ ...APP, rateLimitPerMinute: 1.5 }), '/rateLimitPerMinute'],
    ['a missing member', JSON.stringify({ scopes: ['accruals'] }), '/name'],
    ['null for a needed member', JSON.stringify({ ...APP, name: null }), '/name'],
    ['an object for a string', JSON.stringify({ ...APP, name: {} }), '/name'],
    ['an unknown scope', JSON.stringify({ ...APP, scopes: ['everything'] }), '/scopes'],
    ['a string for a list', JSON.stringify({ ...APP, scopes: 'accruals' }), '/scopes'],
    ['__proto__', '{"__proto__":{"isAdmin":true},"name":"x","scopes":["accruals"]}', '/__proto__'],
    ['__proto__ further inside', '{"name":{"__proto__":{}},"scopes":[]}', '/name/__proto__'],
    ['constructor', JSON.stringify({ ...APP, constructor: { prototype: {} } }), '/constructor'],
    ['U+0000', JSON.stringify({ ...APP, name: 'a\u0000b' }), '/name'],
    ['half a surrogate pair', '{"name":"\\ud800","scopes":["accruals"]}', '/name'],
    ['40 levels', `{"name":${'['.repeat(40)}${']'.repeat(40)},"scopes":["accruals"]}`, ''],
    ['a name that could be a pointer', JSON.stringify({ ...APP, 'a/b~c': 1 }), '/a~1b~0c'],
  ])('%s is refused, and a pointer names the place', async (_what, body, pointer) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(at(answer.body, 'code')).toBe('validation_failed');
    expect(at(answer.body, 'errors')).toContainEqual({ pointer, message: SOME_TEXT });
  });

  test('a body that is not UTF-8 is refused', async () => {
    const response = await fetch(gateway.url + APPS, {
      method: 'POST',
      headers: { ...JSON_TYPE, authorization: basicAuth(ADMIN) },
      body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    });
    expect(response.status).toBe(400);
  });

  test('a body of 64 KiB is read, and one more byte is refused', async () => {
    const padded = (length: number): string => JSON.stringify(APP).padEnd(length, ' ');
    expect((await post(padded(64 * 1024))).status).toBe(201);
    const answer = await post(padded(64 * 1024 + 1));
    expect(answer.status).toBe(413);
    expect(at(answer.body, 'code')).toBe('payload_too_large');
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1', 'text/json'])(
    'the content type %s is refused',
    async (type) => {
      const answer = await post(JSON.stringify(APP), { 'content-type': type });
      expect(answer.status).toBe(415);
      expect(at(answer.body, 'code')).toBe('unsupported_media_type');
    },
  );

  const goneWith = async (id: string, ...rest: string[]): Promise<string[]> => {
    const head = `POST ${APPS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Request-Id: ${id}\r\n`;
    const socket = connectTo(gateway.url);
    socket.write(head + rest.join('\r\n'), () => socket.destroy());
    const linesOf = (): string[] =>
      gateway
        .output()
        .split('\n')
        .filter((line) => line.includes(`"requestId":"${id}"`) && !line.includes('credentials refused'));
    return eventually(
      10_000,
      () => Promise.resolve(linesOf()),
      (lines) => lines.length > 0,
    );
  };

  test('a client that disconnects within a body is logged as 499, not as a database error', async () => {
    const lines = await goneWith('gone', `Authorization: ${basicAuth(ADMIN)}`, 'Content-Length: 100', '', '{"a');
    expect(lines).toEqual([expect.stringMatching(/"status":499.*"code":"validation_failed"/)]);
  });

  test('a client that disconnects before the response is logged', async () => {
    // Checking a wrong password takes longer.
    const wrong = basicAuth({ username: ADMIN.username, password: 'not-the-password' });
    const lines = await goneWith('gone-early', `Authorization: ${wrong}`, 'Content-Length: 2', '', '{}');
    expect(lines).toEqual([expect.stringMatching(/"status":(499|401).*"code":"unauthenticated"/)]);
  });

  test('a bad body of an unauthenticated caller is answered 401', async () => {
    const answer = await gateway.request('POST', APPS, { body: '{', headers: JSON_TYPE });
    expect(answer.status).toBe(401);
  });
});

describe('queries of lists', () => {
  test.each([
    ['?limit=0', '?limit'],
    ['?limit=101', '?limit'],
    ['?limit=1e1', '?limit'],
    ['?limit=%D9%A1', '?limit'],
    ['?limit=', '?limit'],
    ['?limit=5&limit=6', '?limit'],
    ['?cursor=nonsense', '?cursor'],
    ['?colour=red', '?colour'],
    ['?before=x', '?before'],
    ['?constructor=x', '?constructor'],
    ['?cursor=%00', '?cursor'],
  ])('%s is refused', async (query, pointer) => {
    const answer = await gateway.request('GET', APPS + query, { auth: ADMIN });
    expect(answer.status).toBe(400);
    expect(at(answer.body, 'errors', 0, 'pointer')).toBe(pointer);
  });
});

describe('responses', () => {
  test("a response carries the caller's request id if it is valid, and a new one otherwise", async () => {
    const of = async (id: string, path = '/health/live'): Promise<string | undefined> =>
      (await gateway.request('GET', path, { headers: { 'x-request-id': id } })).headers['x-request-id'];
    expect(await of('abc-1.2_3')).toBe('abc-1.2_3');
    expect(await of('abc', '/nowhere')).toBe('abc');
    expect(await of('a'.repeat(129))).toMatch(/^[0-9a-f-]{36}$/);
    expect(await of('bad id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test.each(['/health/live', '/nowhere', APPS, '/openapi.json', '/metrics'])(
    'the response of %s carries the security headers',
    async (path) => {
      const { headers } = await gateway.request('GET', path);
      expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
      expect(headers['x-powered-by']).toBeUndefined();
      expect(headers['x-request-id']).toBeDefined();
    },
  );

  test('an unknown path and a wrong method are problems, and the problem names the allowed methods', async () => {
    const missing = await gateway.request('GET', '/v1/nowhere');
    expect([missing.status, at(missing.body, 'code')]).toEqual([404, 'not_found']);
    expect(missing.headers['content-type']).toMatch(/^application\/problem\+json/);
    const wrong = await gateway.request('PUT', `${APPS}/app_1`);
    expect([wrong.status, wrong.headers['allow']]).toEqual([405, 'DELETE, GET, HEAD, PATCH']);
  });

  test('a problem has every documented member', async () => {
    const answer = await gateway.request('GET', APPS, { headers: { 'x-request-id': 'r-1' } });
    expect(answer.headers['www-authenticate']).toBe('Basic realm="loyalty-gateway", charset="UTF-8"');
    expect(answer.body).toEqual({
      type: 'urn:problem:loyalty-gateway:unauthenticated',
      title: SOME_TEXT,
      status: 401,
      detail: SOME_TEXT,
      instance: 'urn:loyalty-gateway:request:r-1',
      code: 'unauthenticated',
      requestId: 'r-1',
      retryable: false,
    });
  });

  test('a malformed URL is a problem', async () => {
    const answer = await raw('GET /v1/admin/apps/%ZZ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"code":"validation_failed"');
  });
});

describe('HTTP itself', () => {
  const headers = (count: number): string =>
    Array.from({ length: count }, (_, index) => `X-H${index}: 1\r\n`).join('') + 'Connection: close\r\n\r\n';

  test('more than 64 header fields are refused', async () => {
    expect(await raw(`GET /health/live HTTP/1.1\r\nHost: x\r\n${headers(62)}`)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await raw(`GET /health/live HTTP/1.1\r\nHost: x\r\n${headers(63)}`)).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('header fields of more than 16 KiB in total are refused with a problem', async () => {
    const answer = await raw(`GET /health/live HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toContain('application/problem+json');
  });

  test('a body with two lengths is refused', async () => {
    const answer = await raw(
      'POST /v1/admin/apps HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('a client that does not finish its request head is disconnected within 10 s', async () => {
    const startedAtMs = performance.now();
    await raw('GET /health/live HTTP/1.1\r\nHost: x\r\n', 15_000);
    expect(performance.now() - startedAtMs).toBeLessThan(10_000);
  });
});

test('the access log has a line per request, by route pattern, and nothing of its content', async () => {
  const canary = 'canary4711';
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  await gateway.request('POST', `${APPS}/app_${canary}/keys?x=${canary}`, {
    auth: { username: canary, password: canary },
    body: { [canary]: canary },
    headers: { 'x-request-id': 'logged-1', traceparent, 'x-other': canary },
  });
  await gateway.request('GET', `/v1/${canary}`);
  await sleep(100);
  const lines = gateway.output().split('\n');
  const utc: unknown = expect.stringMatching(/Z$/);
  const someNumber: unknown = expect.any(Number);
  const line: unknown = JSON.parse(
    lines.find((text) => text.includes('"logged-1"') && text.includes('"route"')) ?? '{}',
  );
  expect(line).toEqual({
    time: utc,
    level: 'info',
    msg: 'request',
    requestId: 'logged-1',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    method: 'POST',
    route: '/v1/admin/apps/:id/keys',
    status: 401,
    durationMs: someNumber,
    code: 'unauthenticated',
  });
  expect(gateway.output()).not.toContain(canary);
});

test('the OpenAPI document has routes of every kind and their problems', async () => {
  const document = (await gateway.request('GET', '/openapi.json')).body;
  for (const path of ['/health/live', '/metrics', '/v1/admin/apps/{id}/keys/{keyId}/rotate']) {
    expect(at(document, 'paths', path)).toBeDefined();
  }
  expect(at(document, 'paths', APPS, 'post', 'responses', '415', 'content', 'application/problem+json')).toBeDefined();
});

test('metrics name routes by their pattern', async () => {
  expect((await post(JSON.stringify(APP))).status).toBe(201);
  expect((await gateway.request('GET', '/nowhere')).status).toBe(404);
  const { body } = await gateway.request('GET', '/metrics');
  expect(String(body)).toContain(
    'gateway_http_request_seconds_count{method="POST",route="/v1/admin/apps",status="201"}',
  );
  expect(String(body)).not.toContain('nowhere');
});
