import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { eventually } from '../../support/wait.js';
import { arrived, newWebhookPartner, type WebhookPartner } from '../../support/webhook-partner.js';
import type { ReceivedWebhook, WebhookReceiver } from '../../support/webhook-receiver.js';
import { accrual, startWorld, topup, type World } from '../../support/world.js';

let world: World;
const receivers: WebhookReceiver[] = [];

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

afterAll(() => {
  for (const receiver of receivers) receiver.close();
});

const newPartner = (changes: object = {}): Promise<WebhookPartner> => newWebhookPartner(world, receivers, changes);
const typesOf = (all: readonly ReceivedWebhook[]): string[] => all.map(({ event }) => event.type);

it('an event arrives signed, as the feed shows it, and once', async () => {
  const { receiver, secret, call } = await newPartner();
  await call('POST', '/v1/topups', topup());
  const [webhook] = await arrived(receiver, 1);
  expect(new Webhook(secret).verify(webhook?.body ?? '', webhook?.headers as Record<string, string>)).toEqual(
    webhook?.event,
  );
  expect(webhook?.headers['webhook-id']).toBe(webhook?.event.id);
  expect((await call('GET', `/v1/events/${webhook?.event.id}`)).body).toEqual(webhook?.event);
  await sleep(500);
  expect(typesOf(receiver.received)).toEqual(['transaction.succeeded']);
});

it('events of one transaction arrive in order, also when one of them is refused first', async () => {
  const types = ['transaction.pending', 'transaction.processing', 'transaction.succeeded'];
  const { receiver, call } = await newPartner({ types });
  let refusals = 0;
  receiver.answer = (response, { event }) => {
    const isRefused = event.type === 'transaction.processing' && refusals === 0;
    if (isRefused) refusals += 1;
    response.writeHead(isRefused ? 400 : 200).end();
  };
  await call('POST', '/v1/accruals', accrual());
  const order = ['transaction.pending', 'transaction.processing', 'transaction.processing', 'transaction.succeeded'];
  expect(typesOf(await arrived(receiver, 4))).toEqual(order);
}, 30_000);

it('a killed gateway sends what it had begun again, with the same id', async () => {
  const { receiver, call } = await newPartner();
  receiver.answer = () => undefined;
  await call('POST', '/v1/topups', topup());
  const [first] = await arrived(receiver, 1);
  await world.crash();
  receiver.answer = (response) => response.writeHead(200).end();
  const [, second] = await eventually(
    45_000,
    () => Promise.resolve(receiver.received),
    (all) => all.length >= 2,
  );
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
  expect(second?.body).toBe(first?.body);
}, 90_000);
