import { setTimeout as sleep } from 'node:timers/promises';
import { textAt } from '../../support/http.js';
import { bareId } from '../../support/ids.js';
import { sqlAsOwner } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { arrived, newWebhookPartner, type WebhookPartner } from '../../support/webhook-partner.js';
import type { WebhookReceiver } from '../../support/webhook-receiver.js';
import { startWorld, topup, type World } from '../../support/world.js';

let world: World;
const receivers: WebhookReceiver[] = [];

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

afterAll(() => {
  for (const receiver of receivers) receiver.close();
});

const newPartner = (changes: object = {}): Promise<WebhookPartner> => newWebhookPartner(world, receivers, changes);
const down: WebhookReceiver['answer'] = (response) => response.writeHead(503).end();

async function appIdOf({ endpoint }: WebhookPartner): Promise<string> {
  const [row] = await sqlAsOwner(world, `select app_id as id from webhook_endpoints where id = $1`, [bareId(endpoint)]);
  return String(row?.['id']);
}

it('the content of an event stays the same when the person is erased', async () => {
  const { call, receiver, deliveries } = await newPartner();
  const bought = await call('POST', '/v1/topups', topup({ metadata: { who: 'Ana' } }));
  const [first] = await arrived(receiver, 1);
  const path = `/v1/events/${first?.event.id}`;
  const before = await eventually(
    10_000,
    () => call('GET', path),
    ({ status }) => status === 200,
  );
  const erased = await world.admin('POST', `/v1/admin/transactions/${textAt(bought.body, 'id')}/erase`);
  expect(erased.body).toMatchObject({ metadata: {} });
  expect((await call('GET', path)).body).toEqual(before.body);
  const [delivered] = await eventually(5_000, deliveries, ([one]) => one?.status === 'delivered');
  await call('POST', `/v1/webhook-deliveries/${delivered?.id}/resend`);
  const [, second] = await arrived(receiver, 2);
  expect(second?.body).toBe(first?.body);
  expect(JSON.stringify(before.body)).toBe(first?.body);
}, 30_000);

it('ended deliveries and replays are deleted after 30 days', async () => {
  const { call, endpoint, receiver, deliveries } = await newPartner();
  for (let count = 0; count < 2; count += 1) await call('POST', '/v1/topups', topup());
  await arrived(receiver, 2);
  const [kept, old] = await eventually(5_000, deliveries, (all) => all.every(({ status }) => status === 'delivered'));
  const begun = await call('POST', `/v1/webhook-endpoints/${endpoint}/replay`, { from: new Date().toISOString() });
  const replayPath = `/v1/webhook-replays/${textAt(begun.body, 'id')}`;
  await eventually(
    10_000,
    () => call('GET', replayPath),
    ({ body }) => textAt(body, 'status') === 'completed',
  );
  const end = (days: number, id: string | undefined): Promise<unknown> =>
    sqlAsOwner(world, `update webhook_deliveries set ended_at = now() - make_interval(days => $1) where id = $2`, [
      days,
      bareId(id ?? ''),
    ]);
  await end(29, kept?.id);
  await end(31, old?.id);
  await sqlAsOwner(
    world,
    `update webhook_replays set completed_at = now() - interval '31 days' where endpoint_id = $1`,
    [bareId(endpoint)],
  );
  await sqlAsOwner(world, `update purge_tasks set next_at = now() where name = 'webhook deliveries'`);
  await eventually(15_000, deliveries, (all) => all.length === 1);
  expect((await deliveries()).map(({ id }) => id)).toEqual([kept?.id]);
  await eventually(
    10_000,
    () => call('GET', replayPath),
    ({ status }) => status === 404,
  );
}, 45_000);

it('a removed app is sent nothing; its erasure destroys the secrets and what waits, also through a crash', async () => {
  const partner = await newPartner();
  const { call, endpoint, receiver } = partner;
  await call('POST', `/v1/webhook-endpoints/${endpoint}/rotate-secret`, {});
  receiver.answer = down;
  for (let count = 0; count < 3; count += 1) await call('POST', '/v1/topups', topup());
  await arrived(receiver, 1);
  const appId = await appIdOf(partner);
  expect((await world.admin('DELETE', `/v1/admin/apps/app_${appId}`)).status).toBe(204);
  await sleep(500);
  const sent = receiver.received.length;
  receiver.answer = (response) => response.writeHead(200).end();
  await sleep(8_000);
  expect(receiver.received).toHaveLength(sent);

  await sqlAsOwner(world, `update apps set deleted_at = now() - interval '2 min' where id = $1`, [appId]);
  expect((await world.admin('POST', `/v1/admin/apps/app_${appId}/erase`)).status).toBe(200);
  await world.crash();
  const left = await sqlAsOwner(
    world,
    `select secret, previous_secrets, disabled_at is not null as disabled from webhook_endpoints where app_id = $1`,
    [appId],
  );
  expect(left).toEqual([{ secret: null, previous_secrets: [], disabled: true }]);
  await eventually(
    20_000,
    () => world.admin('GET', `/v1/admin/apps/app_${appId}/erasure`),
    ({ body }) => (body as { erasedAt: string | null }).erasedAt !== null,
  );
  const waiting = `select from webhook_deliveries where app_id = $1 and due_at is not null`;
  expect(await sqlAsOwner(world, waiting, [appId])).toEqual([]);
  expect(receiver.received).toHaveLength(sent);
}, 60_000);

it('a delivery without a secret ends at once and is not sent', async () => {
  const { call, endpoint, receiver, deliveries } = await newPartner();
  await sqlAsOwner(world, `update webhook_endpoints set secret = null where id = $1`, [bareId(endpoint)]);
  await call('POST', '/v1/topups', topup());
  await eventually(5_000, deliveries, ([one]) => one?.status === 'expired');
  expect(receiver.received).toEqual([]);
  expect((await call('POST', `/v1/webhook-endpoints/${endpoint}/test`)).status).toBe(404);
});
