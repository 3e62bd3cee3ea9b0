import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import { readConfig } from '../../src/config/config.js';
import { ProviderHttp, type HttpReply } from '../../src/outbound/provider-http.service.js';
import { ProviderError } from '../../src/connector/connector.js';
import { portOf } from '../support/sockets.js';

/** A server that calls `behave` with the connection when the first bytes of a request have arrived. */
let behave: (socket: Socket, request: string) => void;
let server: Server;
let url: string;
let requests: number;
let sendBy: 'send' | 'sendThroughAxios';
const sockets = new Set<Socket>();

const door = new ProviderHttp(new HttpService(axios.create()), readConfig({}).config);

beforeAll(async () => {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      requests += 1;
      behave(socket, chunk.toString('latin1'));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${portOf(server)}`;
});

afterAll(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

beforeEach(() => {
  requests = 0;
});

async function post(target = url, deadlineMs = 1_000): Promise<HttpReply | string> {
  const request = {
    method: 'POST' as const,
    url: `${target}/x`,
    headers: { access_token: 't' },
    body: '{"a":1}',
    deadlineMs,
  };
  try {
    return await door[sendBy](request);
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return `${error.kind}: ${error.reason}`;
  }
}

const BODY = '{"ok":true}';
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const head = (length: number, more = ''): string =>
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n${more}\r\n`;

/** Runs all tests directly over the pool and through axios. Both must behave the same. */
describe.each(['send', 'sendThroughAxios'] as const)('a request to a provider by "%s"', (way) => {
  beforeEach(() => {
    sendBy = way;
  });

  it('returns the answer, whatever its status', async () => {
    behave = (socket, request) => {
      expect(request).toContain('access_token: t');
      expect(request.endsWith('{"a":1}')).toBe(true);
      socket.write('HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 2\r\n\r\n{}');
    };
    expect(await post()).toMatchObject({ status: 503, body: '{}', headers: { 'retry-after': '7' } });
  });

  it('is not sent only when no connection was made', async () => {
    const closed = createServer();
    await once(closed.listen(0, '127.0.0.1'), 'listening');
    const port = portOf(closed);
    closed.close();
    expect(await post(`http://127.0.0.1:${port}`)).toBe('not-sent: econnrefused');
    expect(await post('http://no-such-host.invalid')).toMatch(/^not-sent: (enotfound|eai_again)$/);
    // The server speaks plain HTTP where TLS is expected, so the handshake fails before a byte of the request is sent.
    behave = (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    expect(await post(url.replace('http:', 'https:'))).toMatch(/^not-sent: /);
  });

  it.each(['nowhere', 'http://', 'http://[', 'ftp://127.0.0.1/x', 'http://127.0.0.1:99999/x'])(
    'is not sent to the invalid address %s',
    async (address) => {
      expect(await post(address)).toMatch(/^not-sent: /);
    },
  );

  it('is not sent when its deadline passes before it has a connection', async () => {
    // No host has this address, so the deadline passes while the connection is being established.
    expect(await post('http://192.0.2.1:81', 200)).toMatch(/^not-sent: /);
  });

  it.each<[string, (socket: Socket) => void]>([
    ['reset after the request was read', (socket) => socket.resetAndDestroy()],
    ['closed without an answer', (socket) => socket.end()],
    ['cut off in the headers', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-le')],
    ['cut off in the body', (socket) => socket.end(`${head(100)}{"success":true`)],
    ['not HTTP', (socket) => socket.end('hello\r\n\r\n')],
  ])('is in doubt when the connection is %s', async (_what, act) => {
    behave = act;
    expect(await post()).toMatch(/^doubtful: /);
    expect(requests).toBe(1);
  });

  it('ends in doubt at its deadline while the body drips', async () => {
    let dripping: NodeJS.Timeout | undefined;
    behave = (socket) => {
      socket.write(head(100));
      dripping = setInterval(() => socket.write('x'), 500);
    };
    expect(await post(url, 1_200)).toBe('doubtful: timeout');
    clearInterval(dripping);
  });

  it('ends in doubt at its deadline without any answer', async () => {
    behave = () => undefined;
    expect(await post(url, 300)).toBe('doubtful: timeout');
  });

  it('cuts off a body of more than 1 MiB, also after decompression', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
    behave = (socket) => {
      socket.write(head(bomb.length, 'content-encoding: gzip\r\n'));
      socket.write(bomb);
    };
    const before = process.memoryUsage().rss;
    expect(await post(url, 10_000)).toBe('doubtful: answer_too_large');
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
    behave = (socket) => {
      socket.write(head(2 * 1024 * 1024));
      socket.write(Buffer.alloc(2 * 1024 * 1024));
    };
    expect(await post(url, 10_000)).toBe('doubtful: answer_too_large');
  });

  it.each<[coding: string, body: Buffer]>([
    ['gzip', gzipSync(BODY)],
    ['GZip', gzipSync(BODY)],
    ['x-gzip', gzipSync(BODY)],
    ['deflate', deflateSync(BODY)],
    ['deflate', deflateRawSync(BODY)],
    ['br', brotliCompressSync(BODY)],
    ['zstd', zstdCompressSync(BODY)],
    ['identity, gzip, gzip', gzipSync(gzipSync(BODY))],
    ['gzip', Buffer.from(BODY)],
    ['utf-8', Buffer.from(BODY)],
  ])('reads an answer with Content-Encoding %s, even when it was decoded on the way', async (coding, body) => {
    behave = (socket) => {
      socket.write(head(body.length, `content-encoding: ${coding}\r\n`));
      socket.write(body);
    };
    expect(await post()).toMatchObject({ status: 200, body: BODY });
  });

  it.each<[what: string, pieces: string[]]>([
    ['a 100', [CONTINUE]],
    ['a 100 with headers, and a 100 again', ['HTTP/1.1 100 Continue\r\nserver: x\r\n\r\n', CONTINUE]],
    ['a 103, a 100 and a 102', ['HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n', CONTINUE, 'HTTP/1.0 102 P\r\n\r\n']],
    ['a 100 in the smallest pieces', CONTINUE.split('')],
  ])('reads the answer that follows %s', async (_what, pieces) => {
    const answer = `${head(BODY.length)}${BODY}`;
    const write = async (socket: Socket, parts: readonly string[]): Promise<void> => {
      for (const part of parts) {
        socket.write(part);
        await sleep(5);
      }
    };
    behave = (socket) => void write(socket, [...pieces, answer]);
    expect(await post()).toMatchObject({ status: 200, body: BODY });
    behave = (socket) => void write(socket, [pieces.join('') + answer]);
    expect(await post()).toMatchObject({ status: 200, body: BODY });
  });

  it('is in doubt when only a 100 comes, and a body that looks like a 100 is returned unchanged', async () => {
    behave = (socket) => socket.end(CONTINUE);
    expect(await post()).toMatch(/^doubtful: /);
    behave = (socket) => {
      socket.write(head(CONTINUE.length));
      setTimeout(() => socket.write(CONTINUE), 20);
    };
    expect(await post()).toMatchObject({ status: 200, body: CONTINUE });
  });

  it.each([301, 302, 303, 307, 308])('does not follow a %i, and no second host learns a token', async (status) => {
    let visits = 0;
    const second = createServer(() => (visits += 1));
    await once(second.listen(0, '127.0.0.1'), 'listening');
    behave = (socket) =>
      socket.write(
        `HTTP/1.1 ${status} Moved\r\nlocation: http://127.0.0.1:${portOf(second)}/\r\ncontent-length: 0\r\n\r\n`,
      );
    expect(await post()).toMatchObject({ status });
    second.close();
    expect(visits).toBe(0);
  });

  it('is not repeated by itself on a connection that has died', async () => {
    behave = (socket) => {
      if (requests === 1) socket.write(`${head(2)}{}`);
      else socket.resetAndDestroy();
    };
    expect(await post()).toMatchObject({ status: 200 });
    expect(await post()).toMatch(/^doubtful: /);
    expect(requests).toBe(2);
  });
});

// axios, which is used for logins only, removes characters that cannot be written into a header.
it.each(['a\nb', 'a\r\nx: y', 'caf\u00e9\u2028', 'a\u0000b', '\ud83d\ude00'])(
  'a header that the HTTP client refuses, %j, is an error before anything is sent',
  async (value) => {
    behave = (socket) => socket.write(`${head(2)}{}`);
    const deadlineMs = 1_000;
    const request = {
      method: 'POST' as const,
      url: `${url}/x`,
      headers: { access_token: value },
      body: '{}',
      deadlineMs,
    };
    await expect(door.send(request)).rejects.toMatchObject({ kind: 'not-sent', reason: 'unsendable_request' });
    expect(requests).toBe(0);
  },
);
