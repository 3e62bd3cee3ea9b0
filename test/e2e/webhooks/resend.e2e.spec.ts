import { Webhook } from 'standardwebhooks';
import { at, textAt } from '../../support/http.js';
import { bareId } from '../../support/ids.js';
import { sql, sqlAsOwner } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { arrived, newWebhookPartner, type DeliveryView, type WebhookPartner } from '../../support/webhook-partner.js';
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

/** The only delivery of the endpoint, as soon as `isThere`. */
async function deliveryWhen(
  { deliveries }: WebhookPartner,
  isThere: (delivery: DeliveryView) => boolean,
): Promise<DeliveryView> {
  const [found] = await eventually(10_000, deliveries, ([first]) => first !== undefined && isThere(first));
  if (!found) throw new Error('there is no delivery');
  return found;
}

const codeOf = (answer: { readonly body: unknown }): unknown => at(answer.body, 'code');

it('a delivery shows its attempts and nothing of the answers; it is resent with the same event', async () => {
  const partner = await newPartner();
  const { receiver, call } = partner;
  receiver.answer = (response) => response.writeHead(200).end('a secret of the receiver');
  const bought = await call('POST', '/v1/topups', topup());
  const delivered = await deliveryWhen(partner, ({ status }) => status === 'delivered');
  expect(delivered).toMatchObject({
    ...{ endpointId: partner.endpoint, type: 'transaction.succeeded', transactionId: textAt(bought.body, 'id') },
    ...{ status: 'delivered', attempts: 1, lastStatus: 200, lastError: null, nextAttemptAt: null },
    log: [{ status: 200, error: null }],
  });
  expect(JSON.stringify(delivered)).not.toContain('a secret');
  expect((await call('GET', `/v1/webhook-deliveries/${delivered.id}`)).body).toEqual(delivered);

  const resent = await call('POST', `/v1/webhook-deliveries/${delivered.id}/resend`);
  expect([resent.status, at(resent.body, 'status')]).toEqual([202, 'pending']);
  const [first, second] = await arrived(receiver, 2);
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
  expect(second?.body).toBe(first?.body);
  const again = await deliveryWhen(partner, ({ attempts, status }) => attempts === 2 && status === 'delivered');
  expect(again.log).toHaveLength(2);
  const audited = await sql(world, `select actor, action from audit_log where target = $1`, [delivered.id]);
  expect(audited).toEqual([{ actor: expect.stringMatching(/^app:app_/), action: 'webhook_delivery.resend' }]);
});

it('a resent delivery is signed with the present secret only, and changes nothing of the health', async () => {
  const partner = await newPartner();
  const { receiver, call, endpoint, secret } = partner;
  await call('POST', '/v1/topups', topup());
  const { id } = await deliveryWhen(partner, ({ status }) => status === 'delivered');
  const rotated = await call('POST', `/v1/webhook-endpoints/${endpoint}/rotate-secret`, {});
  const before = (await call('GET', `/v1/webhook-endpoints/${endpoint}`)).body;
  receiver.answer = (response) => response.writeHead(503).end();
  await call('POST', `/v1/webhook-deliveries/${id}/resend`);
  const [, second] = await arrived(receiver, 2);
  const headers = second?.headers as Record<string, string>;
  expect(headers['webhook-signature']?.split(' ')).toHaveLength(1);
  new Webhook(textAt(rotated.body, 'secret')).verify(second?.body ?? '', headers);
  expect(() => new Webhook(secret).verify(second?.body ?? '', headers)).toThrow();
  await deliveryWhen(partner, ({ lastStatus }) => lastStatus === 503);
  expect((await call('GET', `/v1/webhook-endpoints/${endpoint}`)).body).toEqual(before);

  // The next ones wait for the pause of five seconds; a live event does not.
  const waiting = await deliveryWhen(partner, ({ nextAttemptAt }) => nextAttemptAt !== null);
  expect(Date.parse(waiting.nextAttemptAt ?? '') - Date.now()).toBeGreaterThan(1_000);
  expect(codeOf(await call('POST', `/v1/webhook-deliveries/${id}/resend`))).toBe('invalid_state');
  receiver.answer = (response) => response.writeHead(200).end();
  await call('POST', '/v1/topups', topup());
  expect((await arrived(receiver, 3, 2_000))[2]?.event.id).not.toBe(second?.event.id);
  await arrived(receiver, 4);
}, 30_000);

it('the next attempt of an endpoint that is down is its probe; of one that is disabled there is none', async () => {
  const partner = await newPartner();
  const { receiver, call, endpoint, deliveries } = partner;
  receiver.answer = (response) => response.writeHead(503).end();
  await call('POST', '/v1/topups', topup());
  await arrived(receiver, 1);
  await deliveryWhen(partner, ({ lastStatus }) => lastStatus === 503);
  await call('POST', '/v1/topups', topup());
  const both = await eventually(5_000, deliveries, (all) => all.length === 2);
  for (const { nextAttemptAt } of both) expect(Date.parse(nextAttemptAt ?? '') - Date.now()).toBeGreaterThan(1_000);
  await call('PATCH', `/v1/webhook-endpoints/${endpoint}`, { enabled: false });
  expect((await deliveries('status=pending')).map(({ nextAttemptAt }) => nextAttemptAt)).toEqual([null, null]);

  await sqlAsOwner(
    world,
    `update webhook_deliveries set state = 'refused', due_at = null, ended_at = now(), is_sending = false
    where endpoint_id = $1`,
    [bareId(endpoint)],
  );
  const refused = await deliveries('status=refused&limit=1');
  expect(refused).toHaveLength(1);
  const resent = await call('POST', `/v1/webhook-deliveries/${refused[0]?.id}/resend`);
  expect([resent.status, codeOf(resent)]).toEqual([409, 'invalid_state']);
}, 30_000);

it('the list has pages, newest first, and a filter; bad input is refused', async () => {
  const { call, receiver, endpoint, deliveries } = await newPartner();
  for (let count = 0; count < 3; count += 1) await call('POST', '/v1/topups', topup());
  await arrived(receiver, 3);
  const path = `/v1/webhook-endpoints/${endpoint}/deliveries`;
  const first = await call('GET', `${path}?limit=2`);
  const second = await call('GET', `${path}?limit=2&cursor=${textAt(first.body, 'nextCursor')}`);
  const ids = [first, second].flatMap(({ body }) => (body as { data: DeliveryView[] }).data.map(({ id }) => id));
  expect(ids).toEqual((await deliveries()).map(({ id }) => id));
  expect(ids).toEqual([...ids].sort().reverse());
  expect(await deliveries('status=expired')).toEqual([]);
  for (const query of ['status=sent', 'limit=0', 'limit=101', 'cursor=x', 'state=pending']) {
    expect([query, (await call('GET', `${path}?${query}`)).status]).toEqual([query, 400]);
  }
});

it('an app sees neither endpoints nor deliveries of another app', async () => {
  const owner = await newPartner();
  await owner.call('POST', '/v1/topups', topup());
  const { id } = await deliveryWhen(owner, ({ status }) => status === 'delivered');
  const stranger = await newPartner();
  for (const delivery of [id, `whd_${FOREIGN_ID}`, 'whd_x', bareId(id)]) {
    expect((await stranger.call('GET', `/v1/webhook-deliveries/${delivery}`)).status).toBe(404);
    expect((await stranger.call('POST', `/v1/webhook-deliveries/${delivery}/resend`)).status).toBe(404);
  }
  for (const endpoint of [owner.endpoint, `whep_${FOREIGN_ID}`, 'whep_x']) {
    expect((await stranger.call('GET', `/v1/webhook-endpoints/${endpoint}/deliveries`)).status).toBe(404);
    expect((await stranger.call('POST', `/v1/webhook-endpoints/${endpoint}/test`)).status).toBe(404);
  }
  expect(owner.receiver.received).toHaveLength(1);
});

it('a test is sent at once, signed, and counts for nothing, also when the endpoint is disabled', async () => {
  const { call, receiver, endpoint, secret, deliveries } = await newPartner();
  await call('PATCH', `/v1/webhook-endpoints/${endpoint}`, { enabled: false });
  const before = (await call('GET', `/v1/webhook-endpoints/${endpoint}`)).body;
  const tested = await call('POST', `/v1/webhook-endpoints/${endpoint}/test`);
  expect([tested.status, tested.body]).toEqual([
    200,
    { delivered: true, status: 204, durationMs: expect.any(Number) as number, error: null },
  ]);
  const [webhook] = receiver.received;
  new Webhook(secret).verify(webhook?.body ?? '', webhook?.headers as Record<string, string>);
  expect(webhook?.event).toMatchObject({
    id: webhook?.headers['webhook-id'],
    type: 'webhook_endpoint.test',
    apiVersion: 'v1',
    data: { endpointId: endpoint },
  });
  receiver.answer = (response) => response.writeHead(410).end();
  const gone = await call('POST', `/v1/webhook-endpoints/${endpoint}/test`);
  expect(gone.body).toMatchObject({ delivered: false, status: 410, error: null });
  expect((await call('GET', `/v1/webhook-endpoints/${endpoint}`)).body).toEqual(before);
  expect(await deliveries()).toEqual([]);
});

it('an endpoint has one test at a time, and what fails has a class', async () => {
  const { call, receiver, endpoint } = await newPartner();
  let finish = (): void => undefined;
  receiver.answer = (response) => {
    finish = () => response.writeHead(200).end();
  };
  const first = call('POST', `/v1/webhook-endpoints/${endpoint}/test`);
  await arrived(receiver, 1);
  const second = await call('POST', `/v1/webhook-endpoints/${endpoint}/test`);
  expect([second.status, codeOf(second)]).toEqual([429, 'rate_limited']);
  finish();
  expect((await first).body).toMatchObject({ delivered: true, status: 200 });
  receiver.close();
  const refused = await call('POST', `/v1/webhook-endpoints/${endpoint}/test`);
  expect(refused.body).toMatchObject({ delivered: false, status: null, error: 'connection_refused' });
});
