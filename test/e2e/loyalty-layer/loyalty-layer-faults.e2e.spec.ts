import { createServer, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { at, textAt } from '../../support/http.js';
import { sendJson } from '../../support/loyalty-layer-stub.js';
import { portOf } from '../../support/sockets.js';
import { eventually } from '../../support/wait.js';
import { pass, startWorld, type World } from '../../support/world.js';

/** The answer to the first call of an operation. Later calls are answered correctly. */
type Fault = (response: ServerResponse) => void;

const refuse =
  (status: number, error: string, more: object = {}): Fault =>
  (response) =>
    sendJson(response, status, { error, error_description: 'as the test says', code: status, ...more });

const cut: Fault = (response) => void response.socket?.resetAndDestroy();

const half =
  (text: string): Fault =>
  (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
    response.write(text);
    setTimeout(() => response.socket?.destroy(), 50);
  };

const say =
  (status: number, text: string, type = 'application/json', headers: Record<string, string> = {}): Fault =>
  (response) => {
    response.writeHead(status, { 'content-type': type, ...headers });
    response.end(text);
  };

/** The expected status and number of calls of a create, an update and a cancel. */
type Row = readonly [fault: Fault, create: string, update: string, cancel: string];

const LOST = ['unknown 1', 'succeeded 2', 'succeeded 2'] as const;
const SENT_AGAIN = ['succeeded 2', 'succeeded 2', 'succeeded 2'] as const;
const REFUSED = ['failed 1', 'failed 1', 'failed 1'] as const;

const TABLE: Readonly<Record<string, Row>> = {
  'reset without an answer': [cut, ...LOST],
  'cut in the head of the answer': [(response) => response.socket?.end('HTTP/1.1 200 OK\r\ncontent-'), ...LOST],
  'cut in the body of the answer': [half('{"pass_id":"x","sta'), ...LOST],
  'status 500': [refuse(500, 'server_error'), ...LOST],
  'status 502': [refuse(502, 'server_error'), ...LOST],
  'status 503': [say(503, 'busy', 'text/plain'), ...LOST],
  'status 504': [refuse(504, 'provider_timeout'), ...LOST],
  'HTML with 200': [say(200, '<html>maintenance</html>', 'text/html'), ...LOST],
  'HTML with 403, as firewalls send it': [say(403, '<html>Incident 4711</html>', 'text/html'), ...LOST],
  'nothing with 200': [say(200, ''), ...LOST],
  'no JSON with 200': [say(200, '{"pass_id":'), ...LOST],
  'more than is read': [say(200, `{"pass_id":"x","fill":"${'x'.repeat(2_000_000)}"}`), ...LOST],
  'a redirect': [say(307, '', 'text/plain', { location: 'http://127.0.0.1:9/' }), 'unknown 1', 'failed 1', 'failed 1'],
  'a dead token': [refuse(401, 'invalid_token'), ...SENT_AGAIN],
  'rate limit': [refuse(429, 'rate_limit_exceeded', { retry_after: 1 }), ...SENT_AGAIN],
  'a request that is not valid': [refuse(400, 'invalid_request'), ...REFUSED],
  'an enrolment that is not valid': [refuse(400, 'invalid_enrol_token'), ...REFUSED],
  'a pass that it does not know': [refuse(404, 'invalid_pass_id'), ...REFUSED],
  'canceled already': [refuse(409, 'already_cancelled'), 'failed 1', 'failed 1', 'succeeded 1'],
};

const NAMES = Object.keys(TABLE);
let world: World;
let server: Server;
/** Number of calls by operation and pass. */
const calls = new Map<string, number>();

/** The holder's first name and the pass id contain the name of the fault. */
function respond(url: string, text: string, response: ServerResponse): void {
  if (url.endsWith('/auth/token'))
    return sendJson(response, 200, { access_token: `t-${Date.now()}`, expires_in: 1800 });
  const operation = url.split('/').at(-1) ?? '';
  const body: unknown = JSON.parse(text);
  const passId = operation === 'create' ? `pass ${textAt(body, 'holder', 'first_name')}` : textAt(body, 'pass_id');
  const key = `${operation} ${passId}`;
  const times = (calls.get(key) ?? 0) + 1;
  calls.set(key, times);
  const [target, fault] = passId.replace('pass ', '').split(': ');
  if (times === 1 && target === operation) return TABLE[fault ?? '']?.[0](response);
  sendJson(response, 200, { pass_id: passId, status: operation === 'cancel' ? 'cancelled' : 'active' });
}

beforeAll(async () => {
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    request.on('end', () => respond(request.url ?? '', text, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  world = await startWorld({
    gateway: {
      LOYALTY_LAYER_BASE_URL: `http://127.0.0.1:${portOf(server)}`,
      LOYALTY_LAYER_REQUESTS_PER_MINUTE: '100000',
      BREAKER_FAILURES: '100000',
    },
  });
}, 60_000);

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function ended(answer: { body: unknown }): Promise<string> {
  const id = textAt(answer.body, 'id');
  const found = await eventually(
    60_000,
    () => world.call('GET', `/v1/transactions/${id}`),
    (one) => at(one.body, 'status') !== 'pending',
  );
  return String(at(found.body, 'status'));
}

async function create(name: string): Promise<{ status: string; passId: string }> {
  const answer = await world.call('POST', '/v1/passes', pass({ holder: { firstName: name, lastName: 'X' } }), {
    prefer: 'wait=0',
  });
  return { status: await ended(answer), passId: textAt(answer.body, 'pass', 'id') };
}

async function change(operation: 'update' | 'cancel', name: string): Promise<string> {
  const { passId } = await create(name);
  const [method, path, body] =
    operation === 'update'
      ? (['PATCH', `/v1/passes/${passId}`, { holder: { lastName: 'Y' } }] as const)
      : (['POST', `/v1/passes/${passId}/cancel`, undefined] as const);
  return ended(await world.call(method, path, body, { prefer: 'wait=0' }));
}

it.each([
  ['create', 1],
  ['update', 2],
  ['cancel', 3],
] as const)(
  'a %s ends as documented after every fault of its first call',
  async (operation, column) => {
    const found = await Promise.all(
      NAMES.map(async (fault) => {
        const name = `${operation}: ${fault}`;
        const status = operation === 'create' ? (await create(name)).status : await change(operation, name);
        return [fault, `${status} ${calls.get(`${operation} pass ${name}`) ?? 0}`] as const;
      }),
    );
    const expected = NAMES.map((fault) => [fault, TABLE[fault]?.[column]] as const);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  },
  90_000,
);

it('an unknown pass creation stays unknown and is not sent again', async () => {
  const lost = NAMES.filter((fault) => TABLE[fault]?.[1] === 'unknown 1');
  expect(lost.length).toBeGreaterThan(10);
  const ends = await Promise.all(lost.map((fault) => create(`create: ${fault}: 2`)));
  expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['unknown']));
  await sleep(3_000);
  expect(lost.map((fault) => calls.get(`create pass create: ${fault}: 2`))).toEqual(lost.map(() => 1));
}, 90_000);
