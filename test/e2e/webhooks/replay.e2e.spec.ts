import { copyEvents } from '../../support/copied-events.js';
import { startGateway } from '../../support/gateway.js';
import { at, textAt, type Answer } from '../../support/http.js';
import { bareId } from '../../support/ids.js';
import { freePort } from '../../support/processes.js';
import { sqlAsOwner } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { arrived, newWebhookPartner, type WebhookPartner } from '../../support/webhook-partner.js';
import type { WebhookReceiver } from '../../support/webhook-receiver.js';
import { startWorld, topup, type World } from '../../support/world.js';

const FOREIGN_ID = '019aa3f0-0000-7000-8000-000000000009';
let world: World;
const receivers: WebhookReceiver[] = [];

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

afterAll(() => {
  for (const receiver of receivers) receiver.close();
});

const newPartner = (changes: object = {}): Promise<WebhookPartner> => newWebhookPartner(world, receivers, changes);
const fromNow = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();
const idsOf = (receiver: WebhookReceiver): string[] => receiver.received.map(({ event }) => event.id);

function replay({ call, endpoint }: WebhookPartner, body: object = {}): Promise<Answer> {
  return call('POST', `/v1/webhook-endpoints/${endpoint}/replay`, { from: fromNow(-7), ...body });
}

function ended({ call }: WebhookPartner, begun: Answer, timeoutMs = 15_000): Promise<Answer> {
  expect([begun.status, begun.body]).toEqual([202, begun.body]);
  return eventually(
    timeoutMs,
    () => call('GET', `/v1/webhook-replays/${textAt(begun.body, 'id')}`),
    ({ body }) => at(body, 'status') !== 'running',
  );
}

/** Until the feed has the event: a replay ends where the feed does. */
async function settled({ call }: WebhookPartner, count: number): Promise<void> {
  const feed = (): Promise<Answer> => call('GET', '/v1/events?limit=100&types=transaction.succeeded');
  await eventually(10_000, feed, ({ body }) => at(body, 'data', count - 1) !== undefined);
}

/** A partner with a copied event for each of `count` transactions besides a bought one, and an endpoint that has none of them. */
async function withHistory(count: number, isCountedOnly = false): Promise<WebhookPartner> {
  const partner = await newPartner();
  const bought = await partner.call('POST', '/v1/topups', topup());
  await arrived(partner.receiver, 1);
  await settled(partner, 1);
  await copyEvents(world, textAt(bought.body, 'id'), count, isCountedOnly);
  return partner;
}

it('an endpoint receives what happened before it was made, as the feed shows it', async () => {
  const partner = await newPartner();
  const { call, endpoint, receiver } = partner;
  await call('DELETE', `/v1/webhook-endpoints/${endpoint}`);
  for (let count = 0; count < 3; count += 1) await call('POST', '/v1/topups', topup());
  await settled(partner, 3);
  const made = await call('POST', '/v1/webhook-endpoints', { url: receiver.url });
  const later: WebhookPartner = { ...partner, endpoint: textAt(made.body, 'id') };
  const begun = await replay(later);
  expect(begun.body).toMatchObject({ endpointId: later.endpoint, status: 'running', counted: 3, onlyMissing: true });
  expect((await ended(later, begun)).body).toMatchObject({ status: 'completed', queued: 3 });
  await arrived(receiver, 3);
  const feed = await call('GET', '/v1/events?types=transaction.succeeded');
  // Events of different transactions may overtake each other.
  const byId = receiver.received.map(({ event }) => event).sort((one, other) => one.id.localeCompare(other.id));
  expect(byId).toEqual(at(feed.body, 'data'));

  expect((await ended(later, await replay(later))).body).toMatchObject({ counted: 3, queued: 0 });
  const all = await ended(later, await replay(later, { onlyMissing: false }));
  expect(all.body).toMatchObject({ counted: 3, queued: 3 });
  await arrived(receiver, 6);
  expect(idsOf(receiver).slice(3).sort()).toEqual(idsOf(receiver).slice(0, 3).sort());
}, 30_000);

it('events that were refused, expired or never queued are missing; what waits is left alone', async () => {
  const partner = await newPartner();
  const { call, receiver, endpoint, deliveries } = partner;
  for (let count = 0; count < 4; count += 1) await call('POST', '/v1/topups', topup());
  await settled(partner, 4);
  const rows = await eventually(
    5_000,
    deliveries,
    (all) => all.filter(({ status }) => status === 'delivered').length === 4,
  );
  const [refused, expired, absent, pending] = rows.map(({ id }) => bareId(id));
  const end = `update webhook_deliveries set state = $2, delivered_at = null where id = $1`;
  await sqlAsOwner(world, end, [refused, 'refused']);
  await sqlAsOwner(world, end, [expired, 'expired']);
  await sqlAsOwner(world, `delete from webhook_deliveries where id = $1`, [absent]);
  await sqlAsOwner(
    world,
    `update webhook_deliveries set state = 'pending', ended_at = null, delivered_at = null, due_at = now() + interval '1 h'
    where id = $1`,
    [pending],
  );
  expect((await ended(partner, await replay(partner))).body).toMatchObject({ counted: 4, queued: 3 });
  await arrived(receiver, 7);
  const waiting = await eventually(
    5_000,
    () => deliveries('status=pending'),
    (all) => all.length === 1,
  );
  expect(waiting.map(({ id }) => bareId(id))).toEqual([pending]);
  expect((await call('GET', `/v1/webhook-endpoints/${endpoint}`)).body).toMatchObject({ failingSince: null });
}, 30_000);

it('what was delivered once is not missing, whatever came of sending it again', async () => {
  const partner = await newPartner();
  const { call, receiver, deliveries } = partner;
  const bought = await call('POST', '/v1/topups', topup());
  await settled(partner, 1);
  const [delivered] = await eventually(5_000, deliveries, ([one]) => one?.status === 'delivered');
  receiver.answer = (response) => response.writeHead(503).end();
  await call('POST', `/v1/webhook-deliveries/${delivered?.id}/resend`);
  const [again] = await eventually(5_000, deliveries, ([one]) => one?.lastStatus === 503);
  expect(again).toMatchObject({ status: 'pending', deliveredAt: delivered?.deliveredAt });
  const timeline = await call('GET', `/v1/transactions/${textAt(bought.body, 'id')}/events?expand=deliveries`);
  const shown = at(timeline.body, 'data', 1, 'deliveries', 0);
  expect(shown).toMatchObject({ status: 'pending', deliveredAt: delivered?.deliveredAt });
  await sqlAsOwner(
    world,
    `update webhook_deliveries set state = 'refused', due_at = null, ended_at = now() where id = $1`,
    [bareId(delivered?.id ?? '')],
  );
  expect((await ended(partner, await replay(partner))).body).toMatchObject({ counted: 1, queued: 0 });
  receiver.answer = (response) => response.writeHead(200).end();
  await ended(partner, await replay(partner, { onlyMissing: false }));
  const [last] = await eventually(15_000, deliveries, ([one]) => one?.status === 'delivered');
  expect(last?.deliveredAt).toBe(delivered?.deliveredAt);
}, 30_000);

it('only the events of the period and of the types are sent', async () => {
  const partner = await withHistory(10);
  const { receiver } = partner;
  const from = new Date(Date.now() - 12 * 3_600_000).toISOString();
  expect((await ended(partner, await replay(partner, { from, onlyMissing: false }))).body).toMatchObject({
    counted: 1,
  });
  expect((await ended(partner, await replay(partner, { to: from }))).body).toMatchObject({ counted: 10, queued: 10 });
  await arrived(receiver, 12);
  const pending = await replay(partner, { types: ['transaction.pending'] });
  expect((await ended(partner, pending)).body).toMatchObject({ types: ['transaction.pending'], counted: 1, queued: 1 });
  expect((await arrived(receiver, 13)).at(-1)?.event.type).toBe('transaction.pending');
}, 30_000);

it('bad periods and types are refused, and so is another app', async () => {
  const partner = await newPartner();
  const bodies = [
    ...[{ from: fromNow(1) }, { to: fromNow(1) }, { from: fromNow(-1), to: fromNow(-2) }, { from: 'yesterday' }],
    ...[{ from: '2026-02-30T00:00:00Z' }, { from: null }, { to: 5 }, { types: [] }, { types: ['transaction.nothing'] }],
    ...[{ types: ['transaction.failed', 'transaction.failed'] }, { onlyMissing: 'no' }, { limit: 5 }],
  ];
  for (const body of bodies) {
    const answer = await replay(partner, body);
    expect([body, answer.status, at(answer.body, 'code')]).toEqual([body, 400, 'validation_failed']);
  }
  const stranger = await newPartner();
  for (const endpoint of [partner.endpoint, `whep_${FOREIGN_ID}`, 'whep_x']) {
    expect((await replay({ ...stranger, endpoint })).status).toBe(404);
  }
  const begun = await replay(partner);
  for (const id of [textAt(begun.body, 'id'), `rpl_${FOREIGN_ID}`, 'rpl_x']) {
    expect((await stranger.call('GET', `/v1/webhook-replays/${id}`)).status).toBe(404);
  }
});

it('an endpoint has one replay at a time, a disabled one has none, and disabling stops it', async () => {
  const partner = await withHistory(700);
  const { call, endpoint, receiver } = partner;
  receiver.answer = (response) => response.writeHead(503).end();
  const begun = await replay(partner);
  await arrived(receiver, 2);
  const second = await replay(partner);
  expect([second.status, at(second.body, 'code')]).toEqual([409, 'invalid_state']);
  const waiting = await sqlAsOwner(
    world,
    `select count(*)::int as count from webhook_deliveries
    where endpoint_id = $1 and due_at is not null`,
    [bareId(endpoint)],
  );
  expect(waiting).toEqual([{ count: 500 }]);
  // One attempt a step, whatever waits, and the endpoint is not down for live events.
  expect(receiver.received.length).toBeLessThan(10);
  expect((await call('GET', `/v1/webhook-endpoints/${endpoint}`)).body).toMatchObject({ failingSince: null });
  await call('PATCH', `/v1/webhook-endpoints/${endpoint}`, { enabled: false });
  expect((await ended(partner, begun)).body).toMatchObject({ status: 'stopped', queued: 500 });
  const disabled = await replay(partner);
  expect([disabled.status, at(disabled.body, 'code')]).toEqual([409, 'invalid_state']);
}, 30_000);

it('a replayed delivery is the probe of an endpoint that is down', async () => {
  const partner = await withHistory(3);
  const { receiver, call, endpoint } = partner;
  receiver.answer = (response) => response.writeHead(503).end();
  await call('POST', '/v1/topups', topup());
  await arrived(receiver, 2);
  await sqlAsOwner(
    world,
    `delete from webhook_deliveries where endpoint_id = $1 and due_at is not null and not is_sending`,
    [bareId(endpoint)],
  );
  await ended(partner, await replay(partner, { to: fromNow(-0.5) }));
  receiver.answer = (response) => response.writeHead(200).end();
  await arrived(receiver, 5);
  expect((await call('GET', `/v1/webhook-endpoints/${endpoint}`)).body).toMatchObject({ failingSince: null });
}, 30_000);

it('live events go before replayed ones', async () => {
  const partner = await withHistory(450);
  const { receiver, call } = partner;
  const begun = await replay(partner);
  await arrived(receiver, 20);
  const bought = await call('POST', '/v1/topups', topup());
  const isLive = ({ event }: { event: { data: object } }): boolean =>
    at(event.data, 'transactionId') === textAt(bought.body, 'id');
  await eventually(
    5_000,
    () => Promise.resolve(receiver.received),
    (all) => all.some(isLive),
  );
  expect(receiver.received.findIndex(isLive)).toBeLessThan(400);
  await ended(partner, begun);
  await arrived(receiver, 452);
}, 30_000);

it('a replay that is killed goes on: every event arrives, and almost all of them once', async () => {
  const partner = await withHistory(1_200);
  const { receiver } = partner;
  const begun = await replay(partner);
  await arrived(receiver, 200);
  await world.crash();
  await arrived(receiver, 700, 60_000);
  await world.crash();
  expect((await ended(partner, begun, 60_000)).body).toMatchObject({
    status: 'completed',
    counted: 1_201,
    queued: 1_200,
  });
  await eventually(
    60_000,
    () => Promise.resolve(new Set(idsOf(receiver)).size),
    (size) => size === 1_201,
  );
  expect(receiver.received.length).toBeLessThan(1_201 + 40);
}, 180_000);

it('two instances never do a replay twice', async () => {
  const partner = await withHistory(900);
  const { receiver } = partner;
  const other = await startGateway({ databaseUrl: world.database.url, port: await freePort(), env: world.env });
  try {
    const begun = await replay(partner, { onlyMissing: false });
    expect((await ended(partner, begun, 30_000)).body).toMatchObject({ counted: 901, queued: 901 });
    await arrived(receiver, 902, 30_000);
  } finally {
    await other.kill();
  }
  expect(receiver.received).toHaveLength(902);
}, 90_000);

it('a period with more than 100,000 events is refused before anything is queued', async () => {
  const partner = await withHistory(100_000, true);
  const refused = await replay(partner);
  expect([refused.status, at(refused.body, 'code')]).toEqual([400, 'validation_failed']);
  expect(JSON.stringify(refused.body)).toContain('100,000');
  const narrowed = await replay(partner, { to: fromNow(-0.5) });
  expect([narrowed.status, at(narrowed.body, 'counted')]).toEqual([202, 100_000]);
}, 120_000);
