import dns from 'node:dns';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { jest } from '@jest/globals';
import { readConfig } from '../../src/config/config.js';
import { addressRule } from '../../src/webhooks/sending/public-address.js';
import { WebhookHttp, type SendResult } from '../../src/webhooks/sending/webhook-http.service.js';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const EMBEDDED = { DATABASE_URL: '', ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64') };

let http: WebhookHttp;
const servers: Server[] = [];

beforeEach(() => {
  http = new WebhookHttp(readConfig(EMBEDDED).config);
});

afterEach(async () => {
  jest.restoreAllMocks();
  await http.onApplicationShutdown();
  for (const server of servers.splice(0)) server.close();
});

async function urlOf(server: Server): Promise<string> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function send(url: string): Promise<SendResult> {
  return http.send({ url, headers: { 'content-type': 'application/json' }, body: '{"id":"evt_1"}' });
}

/** A receiver that writes its answers itself; `answer` gets the number of the request on its connection. */
function rawReceiver(answer: (socket: Socket, requestNo: number) => void) {
  const seen = { requests: 0, connections: 0 };
  const server = createServer((socket) => {
    seen.connections += 1;
    let requestNo = 0;
    socket.on('error', () => undefined);
    socket.on('data', () => {
      seen.requests += 1;
      requestNo += 1;
      answer(socket, requestNo);
    });
  });
  return { server, seen };
}

it('a receiver that ends each connection after one answer, without a word, is up', async () => {
  const { server, seen } = rawReceiver((socket, requestNo) => {
    if (requestNo === 1) socket.write(OK);
    else socket.resetAndDestroy();
  });
  const url = await urlOf(server);
  for (let count = 0; count < 6; count += 1) expect(await send(url)).toMatchObject({ status: 200, error: null });
  // Each second request met a connection that was about to end, and was sent again.
  expect(seen.requests).toBeGreaterThan(6);
});

it('a receiver that drops every request gets each one once', async () => {
  const { server, seen } = rawReceiver((socket) => socket.destroy());
  const url = await urlOf(server);
  for (let count = 0; count < 3; count += 1) expect(await send(url)).toMatchObject({ error: 'connection_lost' });
  expect(seen.requests).toBe(3);
});

it('a receiver that begins to drop requests gets the one on an open connection twice, and no more', async () => {
  let isUp = true;
  const { server, seen } = rawReceiver((socket) => {
    if (isUp) socket.write(OK);
    else socket.destroy();
  });
  const url = await urlOf(server);
  expect(await send(url)).toMatchObject({ status: 200 });
  isUp = false;
  expect(await send(url)).toMatchObject({ status: null, error: 'connection_lost' });
  expect(seen.requests).toBe(3);
});

it('requests that hang at a host do not hold back others to the same host', async () => {
  const server = createHttpServer((incoming, response) => {
    incoming.resume();
    if (incoming.url === '/up') response.end();
  });
  const url = await urlOf(server);
  const hanging = Array.from({ length: 20 }, () => send(`${url}/hangs`));
  await sleep(300);
  const result = await send(`${url}/up`);
  server.closeAllConnections();
  await Promise.all(hanging);
  expect(result).toMatchObject({ status: 200 });
  expect(result.durationMs).toBeLessThan(2_000);
}, 30_000);

it('an idle connection is not used again after more than 4 s, whatever the receiver offers', async () => {
  const offer = OK.replace('content-length', 'keep-alive: timeout=600\r\ncontent-length');
  const { server, seen } = rawReceiver((socket) => socket.write(offer));
  const url = await urlOf(server);
  await send(url);
  await sleep(100);
  await send(url);
  expect(seen.connections).toBe(1);
  await sleep(5_500);
  await send(url);
  expect(seen.connections).toBe(2);
}, 15_000);

/** Listens, and accepts no connection for a time; its queue is so short that the kernel drops further ones until then. */
const BUSY_LISTENER = `
const { parentPort, workerData } = require('node:worker_threads');
const server = require('node:http').createServer((request, response) => response.end());
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, workerData.busyMs), 50);
});`;

it('an address that answers after a second is reached, although the next address of the name is dead', async () => {
  const worker = new Worker(BUSY_LISTENER, { eval: true, workerData: { busyMs: 800 } });
  const [port] = (await once(worker, 'message')) as [number];
  await sleep(150);
  const fillers = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  await sleep(100);
  const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }));
  jest.spyOn(dns, 'lookup').mockImplementation(((_host: string, _options: object, callback: Answer) => {
    callback(null, addresses);
  }) as typeof dns.lookup);
  const result = await send(`http://localhost:${port}/`);
  for (const filler of fillers) filler.destroy();
  await worker.terminate();
  expect(result).toMatchObject({ status: 200, error: null });
  // Otherwise the first address was not slow.
  expect(result.durationMs).toBeGreaterThan(300);
}, 15_000);

type Answer = (error: null, addresses: readonly { address: string; family: number }[]) => void;

it.each([
  ['64:ff9b::808:808', true],
  ['64:ff9b::a00:1', false],
  ['64:ff9b::7f00:1', false],
  ['64:ff9b::a9fe:a9fe', false],
  ['64:ff9b:1::808:808', false],
  ['2606:4700::1', true],
])('in a network without IPv4, %s is public: %s, as the IPv4 address in it', (address, isPublic) => {
  expect(addressRule([])(address)).toBe(isPublic);
});
