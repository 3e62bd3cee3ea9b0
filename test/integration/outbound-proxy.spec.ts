import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import { readConfig } from '../../src/config/config.js';
import { ProviderHttp } from '../../src/outbound/provider-http.service.js';
import { ProviderError } from '../../src/connector/connector.js';
import { startConnectProxy, type ConnectProxy } from '../support/connect-proxy.js';
import { portOf } from '../support/sockets.js';
import { PRIVATE_CA, PROVIDER_IDENTITY } from '../support/tls-provider.js';
import { SERVER_CA } from '../support/tls-postgres.js';

const SECRET = 'p@ss word';
const CREDENTIALS = `user:${encodeURIComponent(SECRET)}`;

let provider: Server;
let proxy: ConnectProxy;
/** The provider's answer to a request. */
let respond: (request: IncomingMessage, socket: Socket) => void;
let received: number;
const sockets = new Set<Socket>();

beforeAll(async () => {
  setDefaultCACertificates([...getCACertificates('default'), read(PRIVATE_CA), read(SERVER_CA)]);
  provider = createServer(PROVIDER_IDENTITY, (request, response) => {
    received += 1;
    request.resume().once('end', () => {
      if (request.url === '/ok') response.end('{"ok":true}');
      else respond(request, request.socket);
    });
  });
  provider.on('secureConnection', (socket: Socket) => sockets.add(socket));
  await once(provider.listen(0, '127.0.0.1'), 'listening');
});

afterAll(() => {
  for (const socket of sockets) socket.destroy();
  provider.close();
});

beforeEach(async () => {
  received = 0;
  proxy = await startConnectProxy(portOf(provider));
});

afterEach(() => proxy.close());

function read(file: string): string {
  return readFileSync(file, 'utf8');
}

function doorThrough(url: string, noProxy = ''): ProviderHttp {
  return new ProviderHttp(
    new HttpService(axios.create()),
    readConfig({ OUTBOUND_PROXY_URL: url, NO_PROXY: noProxy }).config,
  );
}

async function send(door: ProviderHttp, url = 'https://provider.example/ok', deadlineMs = 10_000): Promise<string> {
  try {
    const headers = { access_token: 'token-of-the-provider' };
    const { status, body } = await door.send({ method: 'POST', url, headers, body: '{"a":1}', deadlineMs });
    return `${status}: ${body}`;
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return `${error.kind}: ${error.reason}`;
  }
}

describe('a provider behind the proxy', () => {
  it('is reached by CONNECT with the credentials of the proxy, which cannot read the request', async () => {
    const door = doorThrough(`http://${CREDENTIALS}@127.0.0.1:${proxy.port}`);
    expect(await send(door)).toBe('200: {"ok":true}');
    const [head] = proxy.heads;
    expect(head).toMatch(/^CONNECT provider\.example:443 HTTP\/1\.1\r\n/);
    expect(head).toMatch(/\r\nhost: provider\.example:443\r\n/i);
    const basic = Buffer.from(`user:${SECRET}`).toString('base64');
    expect(head).toMatch(new RegExp(`\\r\\nproxy-authorization: Basic ${basic}\\r\\n`, 'i'));
    for (const text of [head, proxy.carried]) expect(text).not.toMatch(/token-of-the-provider|\{"a":1\}|\/ok/);
    expect(proxy.carried.length).toBeGreaterThan(100);
  });

  it('is reached again through the same tunnels', async () => {
    const door = doorThrough(`http://127.0.0.1:${proxy.port}`);
    for (let call = 0; call < 20; call += 1) expect(await send(door)).toBe('200: {"ok":true}');
    // A call may begin before the connection of the previous one is free again, as without a proxy.
    expect(proxy.heads.length).toBeLessThanOrEqual(2);
    expect(received).toBe(20);
    expect(proxy.heads[0]).not.toMatch(/proxy-authorization/i);
  });

  it.each([
    'HTTP/1.0 200 OK\r\n\r\n',
    'HTTP/1.1 201 Created\r\n\r\n',
    'HTTP/1.1 204 No Content\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n',
  ])('is reached after a successful CONNECT of any form: %j', async (head) => {
    proxy.behave = (socket) => proxy.tunnel(socket, head);
    expect(await send(doorThrough(`http://127.0.0.1:${proxy.port}`))).toBe('200: {"ok":true}');
    expect(received).toBe(1);
  });

  it('is reached for logins', async () => {
    const door = doorThrough(`http://127.0.0.1:${proxy.port}`);
    const request = {
      method: 'POST',
      url: 'https://provider.example:8443/ok',
      headers: {},
      deadlineMs: 10_000,
    } as const;
    expect(await door.sendThroughAxios(request)).toMatchObject({ status: 200 });
    expect(proxy.heads[0]).toMatch(/^CONNECT provider\.example:8443 /);
  });

  it('is reached through a proxy that speaks TLS', async () => {
    const key = readFileSync(join(SERVER_CA, '..', 'server.key'));
    const secure = await startConnectProxy(portOf(provider), { cert: readFileSync(SERVER_CA), key });
    expect(await send(doorThrough(`https://localhost:${secure.port}`))).toBe('200: {"ok":true}');
    // The proxy's certificate does not name this address.
    expect(await send(doorThrough(`https://127.0.0.1:${secure.port}`))).toBe(
      'not-sent: proxy_err_tls_cert_altname_invalid',
    );
    expect(received).toBe(1);
    secure.close();
  });

  it('must show a certificate for its own name, not for that of the proxy', async () => {
    const door = doorThrough(`http://localhost:${proxy.port}`);
    expect(await send(door, 'https://other.example/ok')).toBe('not-sent: err_tls_cert_altname_invalid');
    expect(proxy.heads[0]).toMatch(/^CONNECT other\.example:443 /);
    expect(received).toBe(0);
  });
});

describe('a request through the proxy', () => {
  it.each([301, 400, 403, 407, 429, 500, 502, 503, 504, 103, 304])(
    'is not sent when the proxy answers %i',
    async (status) => {
      proxy.behave = (socket) => socket.write(`HTTP/1.1 ${status} No\r\nproxy-authenticate: Basic\r\n\r\n`);
      const door = doorThrough(`http://${CREDENTIALS}@127.0.0.1:${proxy.port}`);
      expect(await send(door)).toBe(`not-sent: proxy_refused_${status}`);
      expect(proxy.heads).toHaveLength(1);
      expect(received).toBe(0);
    },
  );

  it.each<[string, (socket: Socket) => void, string]>([
    ['closes without an answer', (socket) => socket.end(), 'proxy_econnreset'],
    ['resets the connection', (socket) => socket.resetAndDestroy(), 'proxy_econnreset'],
    ['closes within the head', (socket) => socket.end('HTTP/1.1 200 Conn'), 'proxy_econnreset'],
    ['answers with something else than HTTP', (socket) => socket.end('hello\r\n\r\n'), 'proxy_unreadable'],
    ['speaks before the provider can', (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nboo'), 'proxy_unreadable'],
  ])('is not sent when the proxy %s', async (_what, behave, reason) => {
    proxy.behave = behave;
    expect(await send(doorThrough(`http://127.0.0.1:${proxy.port}`))).toBe(`not-sent: ${reason}`);
    expect(proxy.heads).toHaveLength(1);
  });

  it('is not sent when there is no proxy', async () => {
    const { port } = proxy;
    proxy.close();
    expect(await send(doorThrough(`http://127.0.0.1:${port}`))).toBe('not-sent: proxy_econnrefused');
    expect(await send(doorThrough('http://no-such-host.invalid:3128'))).toMatch(
      /^not-sent: proxy_(enotfound|eai_again)$/,
    );
  });

  it.each<[string, (socket: Socket) => void]>([
    ['closes the tunnel', (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n')],
    [
      'closes the tunnel at the first byte',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.once('data', () => socket.destroy());
      },
    ],
    [
      'answers in the place of the provider',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'));
      },
    ],
  ])('is not sent when the proxy %s before TLS is established', async (_what, behave) => {
    proxy.behave = behave;
    expect(await send(doorThrough(`http://127.0.0.1:${proxy.port}`))).toMatch(
      /^not-sent: (econnreset|err_ssl_\w+|eproto|epipe)$/,
    );
    expect(proxy.heads).toHaveLength(1);
  });

  it('is not sent when the proxy, or the target behind it, does not answer within five seconds', async () => {
    proxy.behave = () => undefined;
    const mute = await startConnectProxy(portOf(provider));
    mute.behave = (socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const startedAt = performance.now();
    expect(
      await Promise.all([
        send(doorThrough(`http://127.0.0.1:${proxy.port}`)),
        send(doorThrough(`http://127.0.0.1:${mute.port}`)),
      ]),
    ).toEqual(['not-sent: proxy_timeout', 'not-sent: und_err_connect_timeout']);
    expect(performance.now() - startedAt).toBeLessThan(6_500);
    mute.close();
  });

  it('is not sent when an https proxy speaks no TLS', async () => {
    const plain = createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await once(plain.listen(0, '127.0.0.1'), 'listening');
    expect(await send(doorThrough(`https://localhost:${portOf(plain)}`))).toMatch(/^not-sent: proxy_(err_ssl_|eproto)/);
    plain.close();
  });
});

describe('a request in an established tunnel', () => {
  it.each<[string, (request: IncomingMessage, socket: Socket) => void]>([
    ['resets the connection', (_request, socket) => socket.destroy()],
    ['cuts its answer off', (_request, socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{')],
    ['does not answer', () => undefined],
  ])('is in doubt and is not sent again when the provider %s', async (_what, behave) => {
    respond = behave;
    const door = doorThrough(`http://127.0.0.1:${proxy.port}`);
    expect(await send(door, 'https://provider.example/', 1_000)).toMatch(/^doubtful: /);
    expect(received).toBe(1);
    expect(proxy.heads).toHaveLength(1);
  });

  it('is in doubt when the tunnel has died since the last call', async () => {
    const door = doorThrough(`http://127.0.0.1:${proxy.port}`);
    expect(await send(door)).toBe('200: {"ok":true}');
    respond = (_request, socket) => socket.destroy();
    expect(await send(door, 'https://provider.example/')).toMatch(/^doubtful: /);
    expect(received).toBe(2);
  });
});

describe('a target without need of the proxy', () => {
  it.each([
    ['on a loopback address', ''],
    ['on a loopback address that NO_PROXY does not name', 'elsewhere.example'],
  ])('is called directly %s', async (_what, noProxy) => {
    const door = doorThrough(`http://127.0.0.1:${proxy.port}`, noProxy);
    expect(await send(door, `https://localhost:${portOf(provider)}/ok`)).toBe('200: {"ok":true}');
    expect(proxy.heads).toHaveLength(0);
  });

  it.each(['no-such-host.invalid', '.invalid', '*'])('is called directly when NO_PROXY has %s', async (noProxy) => {
    const door = doorThrough(`http://127.0.0.1:${proxy.port}`, noProxy);
    expect(await send(door, 'https://no-such-host.invalid/')).toMatch(/^not-sent: (enotfound|eai_again)$/);
    expect(proxy.heads).toHaveLength(0);
  });
});
