import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { startGateway, type Gateway } from '../../support/gateway.js';
import { textAt, type Answer } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { eventually } from '../../support/wait.js';
import { startWebhookReceiver, type ReceivedWebhook, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { startWorld, topup, type World } from '../../support/world.js';

/* What must hold for webhooks with several instances, several endpoints, and secrets that change. */

let world: World;
let second: Gateway;
const receivers: WebhookReceiver[] = [];

beforeAll(async () => {
  world = await startWorld();
  second = await startGateway({ databaseUrl: world.database.url, env: world.env });
}, 60_000);

afterAll(() => {
  for (const receiver of receivers) receiver.close();
});

async function newReceiver(): Promise<WebhookReceiver> {
  const receiver = await startWebhookReceiver();
  receivers.push(receiver);
  return receiver;
}

/** Requests of an app of its own, at the first and the second gateway in turn. */
async function newApp(): Promise<(method: string, path: string, body?: unknown) => Promise<Answer>> {
  const auth = await world.createApp();
  let count = 0;
  return (method, path, body) => {
    count += 1;
    const headers = method === 'GET' ? {} : { 'idempotency-key': unique('key'), prefer: 'wait=10' };
    return (count % 2 === 0 ? world.gateway() : second).request(method, path, { auth, body, headers });
  };
}

async function inParallel(count: number, work: () => Promise<unknown>): Promise<void> {
  await Promise.all(Array.from({ length: count }, work));
}

function arrived(receiver: WebhookReceiver, count: number): Promise<readonly ReceivedWebhook[]> {
  return eventually(
    20_000,
    () => Promise.resolve(receiver.received),
    (all) => all.length >= count,
  );
}

const distinct = (all: readonly ReceivedWebhook[]): number => new Set(all.map(({ event }) => event.id)).size;

it('two instances send nothing twice without a failure', async () => {
  const call = await newApp();
  const receiver = await newReceiver();
  // Slow enough that both instances claim while the other one waits for answers.
  receiver.answer = (response) => void setTimeout(() => response.writeHead(200).end(), 40);
  await call('POST', '/v1/webhook-endpoints', { url: receiver.url });
  for (let round = 0; round < 5; round += 1) await inParallel(12, () => call('POST', '/v1/topups', topup()));
  await arrived(receiver, 60);
  await sleep(1_000);
  expect([receiver.received.length, distinct(receiver.received)]).toEqual([60, 60]);
}, 60_000);

it('the library of the standard verifies each delivery while the secret changes', async () => {
  const call = await newApp();
  const receiver = await newReceiver();
  const made = await call('POST', '/v1/webhook-endpoints', { url: receiver.url });
  const secrets = [textAt(made.body, 'secret')];
  const path = `/v1/webhook-endpoints/${textAt(made.body, 'id')}/rotate-secret`;
  /** What the partner has when a delivery arrives; it must verify with the newest secret or, just after a change, with the one before. */
  const unverified: string[] = [];
  receiver.answer = (response, { body, headers, event }) => {
    const isVerified = secrets.slice(-2).some((secret) => verifies(secret, body, headers));
    if (!isVerified) unverified.push(event.id);
    response.writeHead(204).end();
  };
  for (let round = 0; round < 4; round += 1) {
    const [rotated] = await Promise.all([
      call('POST', path, { graceSeconds: 60 }),
      inParallel(6, () => call('POST', '/v1/topups', topup())),
    ]);
    secrets.push(textAt(rotated.body, 'secret'));
  }
  await arrived(receiver, 24);
  expect(unverified).toEqual([]);
  // With no time of grace only the new secret signs.
  const last = await call('POST', path, { graceSeconds: 0 });
  await call('POST', '/v1/topups', topup());
  const webhook = (await arrived(receiver, 25))[24];
  expect(webhook?.headers['webhook-signature']).toMatch(/^v1,\S+$/);
  expect(verifies(textAt(last.body, 'secret'), webhook?.body ?? '', webhook?.headers ?? {})).toBe(true);
}, 60_000);

function verifies(secret: string, body: string, headers: ReceivedWebhook['headers']): boolean {
  try {
    return new Webhook(secret).verify(body, headers as Record<string, string>) !== undefined;
  } catch {
    return false;
  }
}

it('an endpoint that never answers does not delay the nine others of its app', async () => {
  const call = await newApp();
  const fine: WebhookReceiver[] = [];
  for (let count = 0; count < 9; count += 1) {
    const receiver = await newReceiver();
    fine.push(receiver);
    await call('POST', '/v1/webhook-endpoints', { url: receiver.url });
  }
  const ROUNDS = 8;
  /** The 99th percentile of the 288 deliveries to the nine: the third slowest. */
  const p99Ms = async (): Promise<number> => {
    const before = fine[0]?.received.length ?? 0;
    for (let round = 0; round < ROUNDS; round += 1) await inParallel(4, () => call('POST', '/v1/topups', topup()));
    for (const receiver of fine) await arrived(receiver, before + 4 * ROUNDS);
    const delays = fine
      .flatMap(({ received }) => received.slice(before).map(delayMs))
      .sort((one, other) => one - other);
    return delays[Math.floor(delays.length * 0.99)] ?? Infinity;
  };
  await p99Ms();
  const without = await p99Ms();
  const dead = await newReceiver();
  dead.answer = () => undefined;
  expect((await call('POST', '/v1/webhook-endpoints', { url: dead.url })).status).toBe(201);
  const beside = await p99Ms();
  expect(dead.received.length).toBeGreaterThan(0);
  // The machine may be busy; an endpoint that held the others up would cost its deadline of 15 s.
  expect(beside).toBeLessThan(3 * without + 500);
}, 120_000);

/** From the event's time, which is just before its commit, to its arrival. */
function delayMs({ atMs, body }: ReceivedWebhook): number {
  return atMs - Date.parse((JSON.parse(body) as { timestamp: string }).timestamp);
}
