import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fastify, { type FastifyInstance } from 'fastify';
import { Lifecycle } from '../../src/api/lifecycle.js';
import { EventLoopUtilization } from '../../src/api/event-loop-utilization.js';
import { answerProblem } from '../../src/api/problem.filter.js';
import { addBodyParsers } from '../../src/api/body-parsers.js';
import { TrustedProxies } from '../../src/api/client-address.js';
import { addRequestHooks } from '../../src/api/request-hooks.js';
import { InFlightCounter } from '../../src/api/in-flight-counter.js';
import { WriteDelayGuard } from '../../src/ledger/writes/write-delay-guard.js';
import { eventually } from '../support/wait.js';

async function during(ms: number, turn: () => unknown): Promise<void> {
  const endAt = performance.now() + ms;
  while (performance.now() < endAt) await turn();
}

/** A machine that takes the CPU away in the middle of a rest makes one window look busy; a rest that goes on mends it. */
async function restUntilIdle(loop: EventLoopUtilization): Promise<void> {
  const isIdle = async (): Promise<boolean> => {
    loop.sample();
    await sleep(20);
    return !loop.isSaturated;
  };
  await eventually(5_000, isIdle, (is) => is);
}

it('the event loop counts as full while it hardly waits, including during its long turn, and not when it waits again', async () => {
  const loop = new EventLoopUtilization();
  await restUntilIdle(loop);
  const endAt = performance.now() + 500;
  while (performance.now() < endAt) loop.sample();
  expect(loop.isSaturated).toBe(true);
  await restUntilIdle(loop);
});

it('the event loop does not count as full after one long turn that follows a long rest', async () => {
  const loop = new EventLoopUtilization();
  await sleep(1_000);
  const endAt = performance.now() + 300;
  while (performance.now() < endAt) loop.sample();
  expect(loop.isSaturated).toBe(true);
});

it('a request under way is counted with its age until it ends', () => {
  const underWay = new InFlightCounter();
  for (let atMs = 0; atMs < 10_000; atMs += 100) underWay.begin(atMs);
  expect(underWay.startedWithin(2_000, 10_000)).toBe(20);
  for (let atMs = 9_000; atMs < 9_500; atMs += 100) underWay.end(atMs);
  expect(underWay.startedWithin(2_000, 10_000)).toBe(15);
  expect(underWay.startedWithin(60_000, 10_000)).toBe(95);
  expect(underWay.startedWithin(2_000, 20_000)).toBe(0);
});

it('the load shedder refuses when many requests wait and the first has waited long, and accepts again when it is served', async () => {
  const patience = new WriteDelayGuard({ rows: 3, ms: 100 });
  const ends: (() => void)[] = [];
  const wait = (): Promise<void> => patience.during(new Promise<void>((resolve) => ends.push(resolve)));
  const first = wait();
  await sleep(150);
  expect(patience.isExhausted).toBe(false);
  const others = [wait(), wait()];
  expect(patience.isExhausted).toBe(true);
  ends[0]?.();
  await first;
  expect(patience.isExhausted).toBe(false);
  const failing = patience.during(Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  for (const end of ends) end();
  await Promise.all(others);
});

describe('a busy server', () => {
  const MANY = 1_100;
  let server: FastifyInstance;
  let gate: EventEmitter;
  let port = 0;
  let answered = 0;

  beforeAll(async () => {
    server = fastify();
    gate = new EventEmitter().setMaxListeners(0);
    addRequestHooks(server, new Lifecycle(), new TrustedProxies([]));
    addBodyParsers(server);
    server.setErrorHandler(answerProblem);
    server.post('/v1/slow', async () => {
      await once(gate, 'open');
      return {};
    });
    server.addHook('onSend', (request, _reply, payload, done) => {
      if (request.method === 'POST') answered += 1;
      done(null, payload);
    });
    server.get('/v1/quick', () => ({}));
    port = Number(new URL(await server.listen({ port: 0, host: '127.0.0.1' })).port);
  });

  afterAll(() => server.close());

  const asked = async (url = '/v1/quick'): Promise<number> => (await server.inject({ method: 'GET', url })).statusCode;
  const askedWhileBusy = async (): Promise<number> => {
    await during(300, async () => {
      const until = performance.now() + 30;
      while (performance.now() < until);
      await asked();
    });
    return asked();
  };
  const workedOff = async (): Promise<void> => {
    await eventually(
      10_000,
      () => Promise.resolve(gate.emit('open')),
      () => answered >= MANY,
    );
  };

  it('refuses while very many requests are under way, and only then', async () => {
    await eventually(
      20_000,
      async () => {
        for (let index = 0; index < MANY; index += 1) void server.inject({ method: 'POST', url: '/v1/slow' });
        return [await askedWhileBusy(), await asked('/%761/quick')];
      },
      (statuses) => statuses.every((status) => status === 503),
    );
    await workedOff();
    expect(await askedWhileBusy()).toBe(200);
  }, 40_000);

  it('does not count answers for clients that have disconnected', async () => {
    answered = 0;
    const one = 'POST /v1/slow HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
    const socket = connect(port, '127.0.0.1');
    // Sends all requests at once on one connection. Together they take less time than the age up to which requests
    // count.
    socket.write(one.repeat(MANY), () => socket.destroy());
    await once(socket, 'close');
    await workedOff();
    expect(await askedWhileBusy()).toBe(200);
  }, 20_000);
});
