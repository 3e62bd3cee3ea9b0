import dns from 'node:dns';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import type { Writable } from 'node:stream';
import { jest } from '@jest/globals';
import { request } from 'undici';
import { Webhook } from 'standardwebhooks';
import { readConfig } from '../../src/config/config.js';
import { errorCode } from '../../src/readers/error-code.js';
import { faultOfUrl } from '../../src/webhooks/sending/endpoint-url.js';
import { createWebhookAgent } from '../../src/webhooks/sending/guarded-connector.js';
import { addressRule } from '../../src/webhooks/sending/public-address.js';
import { newSigningSecret, sign } from '../../src/webhooks/sending/signature.js';
import { WebhookHttp, type SendResult } from '../../src/webhooks/sending/webhook-http.service.js';

type Answered = (error: Error | null, addresses: dns.LookupAddress[]) => void;

/** Hosts that are not public, in every spelling that a URL allows. */
const HOSTILE = [
  ...['127.0.0.1', 'localhost', '127.1', '0x7f000001', '2130706433', '017700000001', '0', '0.0.0.0', '[::1]', '[::]'],
  ...['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '10.0.0.1'],
  ...['172.16.0.1', '192.168.0.1', '169.254.169.254', '[fe80::1]', '[fd00::1]', '[fec0::1]', '100.64.0.1', '192.0.0.8'],
  ...['192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
  ...['[ff02::1]', '[2001:db8::1]', '[100::1]', 'LOCALHOST.', '127.0.0.1.', '①②⑦.0.0.1', '[::ffff:a9fe:a9fe]'],
  ...['[2001::1]', '[5f00::1]'],
];

const WRONG_NAME = 'must have a host name of at most 253 letters, digits, hyphens and dots, at most 63 between dots';
const PRODUCTION = { NODE_ENV: 'production', SANDBOX: 'true' };
const EMBEDDED = { DATABASE_URL: '', ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64') };

let server: Server;
let url: string;
let connections = 0;
let answer: (response: ServerResponse) => void;
let received: { headers: Record<string, unknown>; body: string }[] = [];
const opened: WebhookHttp[] = [];

beforeAll(async () => {
  server = createServer((incoming, response) => {
    let body = '';
    incoming.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
    incoming.on('end', () => {
      received.push({ headers: incoming.headers, body });
      answer(response);
    });
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '::', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
});

beforeEach(() => {
  connections = 0;
  received = [];
  answer = (response) => response.writeHead(204).end();
});

afterEach(async () => {
  for (const http of opened.splice(0)) await http.onApplicationShutdown();
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function http(environment: Record<string, string> = {}): WebhookHttp {
  const made = new WebhookHttp(readConfig({ ...EMBEDDED, ...environment }).config);
  opened.push(made);
  return made;
}

function send(to = url, by = http()): Promise<SendResult> {
  return by.send({ url: to, headers: { 'content-type': 'application/json' }, body: '{"id":"evt_1"}' });
}

it.each(HOSTILE)('no connection is opened to %s, whoever checks', async (host) => {
  const { port } = server.address() as AddressInfo;
  const production = http(PRODUCTION);
  for (const target of [`https://${host}/`, `https://${host}:8443/`, `http://${host}:${port}/`]) {
    expect([target, faultOfUrl(target, production.rules)]).toEqual([target, expect.any(String)]);
    expect(await send(target, production)).toMatchObject({ status: null, error: 'invalid_url' });
  }
  // The connector alone: a name may have become internal after it was checked.
  const agent = createWebhookAgent(addressRule([]), null);
  const code = await request(`http://${host}:${port}/`, { dispatcher: agent }).then(() => 'connected', errorCode);
  // Some resolvers do not know `localhost.`.
  expect(host === 'LOCALHOST.' && code === 'ENOTFOUND' ? 'ADDRESS_REFUSED' : code).toBe('ADDRESS_REFUSED');
  await agent.destroy();
  expect(connections).toBe(0);
});

it.each([
  ['https://user:password@example.com/', 'must not contain a user or password'],
  ['https://example.com/#part', 'must not contain a fragment (#)'],
  ['http://example.com/', 'must begin with https://'],
  ['ftp://example.com/', 'must begin with https://'],
  ['https://example.com:22/', 'must use one of the ports 443, 8443'],
  ['https://printer.local/', 'must be a public host'],
  ['https://metadata.google.internal/', 'must be a public host'],
  ['https://intranet/', 'must be a public host, with a dot in its name'],
  ['https://intranet./', 'must be a public host, with a dot in its name'],
  ['https:example.com', 'must have // and a host after the scheme'],
  ['https:/example.com', 'must have // and a host after the scheme'],
  ['https:///example.com', 'must have // and a host after the scheme'],
  ['https://exam\u200Bple.com/', 'must not contain blanks, backslashes or invisible characters'],
  ['https://exam\u00ADple.com/', 'must not contain blanks, backslashes or invisible characters'],
  ['https://example.com/a\tb', 'must not contain blanks, backslashes or invisible characters'],
  ['https://example.com\\hook', 'must not contain blanks, backslashes or invisible characters'],
  [`https://${'a'.repeat(64)}.com/`, WRONG_NAME],
  [`https://${'a.'.repeat(126)}com/`, WRONG_NAME],
  ['https://example..com/', WRONG_NAME],
  ['https://-example.com/', WRONG_NAME],
  ['https://a$b.com/', WRONG_NAME],
  ['example.com', 'must be an https URL of at most 2048 characters'],
  ['', 'must be an https URL of at most 2048 characters'],
])('the URL "%s" is refused: %s', (text, fault) => {
  expect(faultOfUrl(text, http().rules)).toBe(fault);
});

it.each([
  `https://${'a'.repeat(63)}.com/`,
  `https://${'a.'.repeat(125)}com/`,
  `https://${'a.'.repeat(125)}com./`,
  'https://_hooks.example.com:8443/a?b=%20',
  'HTTPS://Example.com',
  'https://пример.рф/',
  'https://xn--e1afmkfd.xn--p1ai/',
  'https://localhost/',
  'http://127.0.0.1:3001/hook',
])('the URL "%s" is accepted', (text) => {
  expect(faultOfUrl(text, http().rules)).toBeNull();
});

it('a URL of more than 2,048 characters is refused', () => {
  expect(faultOfUrl(`https://example.com/${'a'.repeat(2_028)}`, http().rules)).toBeNull();
  expect(faultOfUrl(`https://example.com/${'a'.repeat(2_029)}`, http().rules)).toMatch('at most 2048 characters');
});

it('networks and ports that the operator allows are used', () => {
  const { rules } = http({ ...PRODUCTION, WEBHOOK_ALLOWED_NETWORKS: '10.20.0.0/16', WEBHOOK_PORTS: '443, 9443' });
  expect(faultOfUrl('https://10.20.3.4:9443/', rules)).toBeNull();
  expect(faultOfUrl('https://10.21.3.4:9443/', rules)).toBe('must not be a private or reserved address');
  expect(faultOfUrl('https://[::ffff:10.20.3.4]/', rules)).toBeNull();
  expect(faultOfUrl('https://intranet:9443/', rules)).toBeNull();
  expect(faultOfUrl('https://localhost/', rules)).toBe('must be a public host');
});

it('a receiver gets the body as it is, with signatures of each secret that its library verifies', async () => {
  const body = '{"id":"evt_1","name":"ñ"}';
  const secrets = [newSigningSecret(), newSigningSecret()];
  const headers = { 'content-type': 'application/json', ...sign('evt_1', body, secrets) };
  expect(await http().send({ url, headers, body })).toMatchObject({ status: 204, error: null });
  const [got] = received;
  for (const secret of secrets) {
    expect(new Webhook(secret).verify(got?.body ?? '', headers)).toEqual(JSON.parse(body));
  }
  expect(() => new Webhook(newSigningSecret()).verify(got?.body ?? '', headers)).toThrow('No matching signature');
});

it.each<[string, (response: ServerResponse) => void, Partial<SendResult>]>([
  ['a redirect is an answer', (r) => r.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(), { status: 307 }],
  [
    'an error with a pause',
    (r) => r.writeHead(503, { 'retry-after': '7' }).end(),
    { status: 503, retryAfterMs: 7_000 },
  ],
  [
    'a pause of a year is a day',
    (r) => r.writeHead(429, { 'retry-after': '31536000' }).end(),
    { retryAfterMs: 86_400_000 },
  ],
  ['a pause that is no number', (r) => r.writeHead(429, { 'retry-after': 'soon' }).end(), { retryAfterMs: null }],
  ['a pause below zero', (r) => r.writeHead(429, { 'retry-after': '-5' }).end(), { retryAfterMs: null }],
  ['a pause with a fraction', (r) => r.writeHead(429, { 'retry-after': '1.5' }).end(), { retryAfterMs: 1_500 }],
  [
    'a pause that ended long ago',
    (r) => r.writeHead(503, { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT' }).end(),
    { retryAfterMs: null },
  ],
  [
    'a pause until a day that is far',
    (r) => r.writeHead(503, { 'retry-after': 'Thu, 31 Dec 2099 23:59:59 GMT' }).end(),
    { retryAfterMs: 86_400_000 },
  ],
  [
    'hints before the answer',
    (r) => r.writeEarlyHints({ link: '</a>; rel=preload' }, () => r.writeHead(200).end()),
    { status: 200, error: null },
  ],
  ['a dropped connection', (r) => r.destroy(), { status: null, error: 'connection_lost' }],
  ['10 MB of answer', (r) => r.writeHead(200).end(Buffer.alloc(10_000_000)), { status: 200, error: null }],
  ['a body without end', (r) => flood(r.writeHead(200), 'x'.repeat(65_536)), { status: 200, error: null }],
  ['a body that breaks off', (r) => r.socket?.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab'), { status: 200 }],
  ['headers without end', (r) => floodHeaders(r), { status: null, error: 'connection_lost' }],
  ['half a status line', (r) => r.socket?.end('HTTP/1.1 20'), { status: null, error: 'connection_lost' }],
  ['an answer that is no HTTP', (r) => r.socket?.end('220 mail.example ESMTP\r\n'), { error: 'connection_lost' }],
  ['a status of its own', (r) => r.socket?.end('HTTP/1.1 999 ?\r\ncontent-length: 0\r\n\r\n'), { status: 999 }],
])('%s', async (_title, respond, wanted) => {
  answer = respond;
  expect(await send()).toMatchObject(wanted);
  expect(received).toHaveLength(1);
});

function flood(to: Writable, chunk: string): void {
  const more = (): void => {
    while (!to.destroyed && to.write(chunk));
    if (!to.destroyed) to.once('drain', more);
  };
  more();
}

function floodHeaders({ socket }: ServerResponse): void {
  socket?.write('HTTP/1.1 200 OK\r\n');
  if (socket) flood(socket, 'x-more: 1\r\n'.repeat(100));
}

it('a name that becomes internal between two connections is not reached (DNS rebinding)', async () => {
  const { port } = server.address() as AddressInfo;
  let found = [{ address: '::1', family: 6 }];
  const spy = jest
    .spyOn(dns, 'lookup')
    .mockImplementation(((_host: string, _options: object, done: Answered) => done(null, found)) as typeof dns.lookup);
  const connect = async (): Promise<unknown> => {
    // Allowed here: ::1 stands for a public address.
    const agent = createWebhookAgent(addressRule(['::1/128']), null);
    const url = `http://rebound.example:${port}/`;
    const result = await request(url, { dispatcher: agent }).then(({ statusCode }) => statusCode, errorCode);
    await agent.destroy();
    return result;
  };
  expect([await connect(), connections]).toEqual([204, 1]);
  found = [{ address: '127.0.0.1', family: 4 }];
  expect(await connect()).toBe('ADDRESS_REFUSED');
  // One internal address beside a public one refuses the name.
  found = [
    { address: '::1', family: 6 },
    { address: '10.0.0.1', family: 4 },
  ];
  expect(await connect()).toBe('ADDRESS_REFUSED');
  spy.mockRestore();
  expect(connections).toBe(1);
});

it('an answer of one byte a second counts by its status and holds the sender for 15 s at most', async () => {
  answer = (response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write('x'), 1_000);
    response.on('close', () => clearInterval(timer));
  };
  const result = await send();
  expect(result).toMatchObject({ status: 200, error: null });
  expect(result.durationMs).toBeLessThan(16_000);
}, 20_000);

it('a receiver that never answers is a timeout after 15 s', async () => {
  answer = () => undefined;
  const result = await send();
  expect(result).toMatchObject({ status: null, error: 'timeout' });
  expect(result.durationMs).toBeGreaterThan(14_500);
  expect(result.durationMs).toBeLessThan(16_500);
}, 20_000);

it('nobody who listens, and a name that does not exist, are failures of the connection', async () => {
  expect(await send('http://127.0.0.1:1/')).toMatchObject({ error: 'connection_refused' });
  expect(await send('https://no-such-host.invalid/')).toMatchObject({ error: 'name_not_found' });
});
