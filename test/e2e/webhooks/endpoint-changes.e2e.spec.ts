import { Webhook } from 'standardwebhooks';
import { textAt } from '../../support/http.js';
import { sql, withClient, type Row } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { arrived, newWebhookPartner, type WebhookPartner } from '../../support/webhook-partner.js';
import { startWebhookReceiver, type ReceivedWebhook, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { accrual, startWorld, topup, type World } from '../../support/world.js';

/* Changes of an endpoint while something is sent to it. */

let world: World;
const receivers: WebhookReceiver[] = [];

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

afterAll(() => {
  for (const receiver of receivers) receiver.close();
});

const uuid = (id: string): string => id.slice(id.indexOf('_') + 1);
const pathOf = ({ endpoint }: WebhookPartner): string => `/v1/webhook-endpoints/${endpoint}`;

it.each([410, 400, 503])(
  'what an earlier URL answers (%s) does not count, and the event goes to the new one',
  async (status) => {
    const partner = await newWebhookPartner(world, receivers);
    const answered = new Promise<() => void>((resolve) => {
      partner.receiver.answer = (response) => resolve(() => response.writeHead(status).end());
    });
    await partner.call('POST', '/v1/topups', topup());
    const answer = await answered;
    const next = await startWebhookReceiver();
    receivers.push(next);
    expect((await partner.call('PATCH', pathOf(partner), { url: next.url })).status).toBe(200);
    answer();
    const [webhook] = await arrived(next, 1, 3_000);
    expect(webhook?.event.id).toBe(partner.receiver.received[0]?.event.id);
    const after = await partner.call('GET', pathOf(partner));
    expect(after.body).toMatchObject({ url: next.url, status: 'enabled', failingSince: null });
  },
);

it('an event that is being written while its endpoint is deleted leaves no delivery behind', async () => {
  const partner = await newWebhookPartner(world, receivers, { types: ['transaction.pending'] });
  const releaseAt = new Date(Date.now() + 86_400_000).toISOString();
  const made = await partner.call('POST', '/v1/accruals', accrual({ releaseAt }));
  await withClient(world.database.url, async (client) => {
    await client.query('begin');
    await client.query(
      `insert into transaction_events (id, transaction_id, app_id, seq, from_status, to_status, actor, evidence)
       select new_uuid(), id, app_id, version + 1, 'scheduled', 'pending', 'test', 'release time reached'
       from transactions where id = $1`,
      [uuid(textAt(made.body, 'id'))],
    );
    expect((await partner.call('DELETE', pathOf(partner))).status).toBe(204);
    await client.query('commit');
  });
  const left = (): Promise<Row[]> =>
    sql(world, `select state from webhook_deliveries where endpoint_id = $1`, [uuid(partner.endpoint)]);
  await eventually(15_000, left, (rows) => rows.length === 0);
}, 30_000);

function verifies(secret: string, webhook: ReceivedWebhook | undefined): boolean {
  try {
    new Webhook(secret).verify(webhook?.body ?? '', webhook?.headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}

it('each replaced secret signs until its own time has passed, however many rotations follow', async () => {
  const partner = await newWebhookPartner(world, receivers);
  const secrets = [partner.secret];
  const rotate = async (graceSeconds: number): Promise<void> => {
    const rotated = await partner.call('POST', `${pathOf(partner)}/rotate-secret`, { graceSeconds });
    secrets.push(textAt(rotated.body, 'secret'));
  };
  const sent = async (count: number): Promise<boolean[]> => {
    await partner.call('POST', '/v1/topups', topup());
    const all = await arrived(partner.receiver, count);
    return secrets.map((secret) => verifies(secret, all[count - 1]));
  };
  await rotate(3_600);
  await rotate(3_600);
  await rotate(1);
  await rotate(3_600);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  // The third was to end after a second.
  expect(await sent(1)).toEqual([true, true, false, true, true]);
  await rotate(0);
  expect(await sent(2)).toEqual([false, false, false, false, false, true]);
});

it('deliveries that cannot be made in this process do not take the places of others', async () => {
  const partner = await newWebhookPartner(world, receivers);
  await sql(
    world,
    `update webhook_endpoints set description = encode(secret, 'hex'), secret = 'damaged' where id = $1`,
    [uuid(partner.endpoint)],
  );
  for (let count = 0; count < 12; count += 1) await partner.call('POST', '/v1/topups', topup());
  const isTried = ({ attempts }: { readonly attempts: number }): boolean => attempts > 0;
  await eventually(10_000, partner.deliveries, (all) => all.filter(isTried).length === 12);
  await sql(world, `update webhook_endpoints set secret = decode(description, 'hex') where id = $1`, [
    uuid(partner.endpoint),
  ]);
  await arrived(partner.receiver, 12, 45_000);
}, 90_000);

it('a URL that is too long as it is sent is refused, when it is made and when it is changed', async () => {
  const partner = await newWebhookPartner(world, receivers);
  const random = Array.from({ length: 1_900 }, () => 0x4e00 + Math.floor(Math.random() * 20_000));
  const url = `https://example.com/${String.fromCodePoint(...random)}`;
  const refused = { code: 'validation_failed', errors: [{ pointer: '/url' }] };
  expect((await partner.call('POST', '/v1/webhook-endpoints', { url })).body).toMatchObject(refused);
  expect((await partner.call('PATCH', pathOf(partner), { url })).body).toMatchObject(refused);
});

it.each([
  ['POST', '/rotate-secret'],
  ['DELETE', ''],
])('%s %s of an endpoint that is deleted meanwhile finds nothing', async (method, route) => {
  const partner = await newWebhookPartner(world, receivers);
  await withClient(world.database.url, async (client) => {
    await client.query('begin');
    await client.query('delete from webhook_endpoints where id = $1', [uuid(partner.endpoint)]);
    const asked = partner.call(method, `${pathOf(partner)}${route}`, method === 'POST' ? {} : undefined);
    await eventually(
      10_000,
      () => sql(world, `select from pg_locks where not granted`),
      (waiting) => waiting.length > 0,
    );
    await client.query('commit');
    expect((await asked).status).toBe(404);
  });
  expect(await linesAbout(partner.endpoint)).toEqual([expect.objectContaining({ action: 'webhook_endpoint.create' })]);
});

const linesAbout = (target: string): Promise<Row[]> =>
  sql(world, `select action, detail from audit_log where target = $1 order by id`, [target]);

it('a change without members changes nothing; the audit log has the host of a new URL', async () => {
  const partner = await newWebhookPartner(world, receivers);
  const state = (): Promise<Row[]> =>
    sql(world, `select xmin, updated_at from webhook_endpoints where id = $1`, [uuid(partner.endpoint)]);
  const before = await state();
  const { status, body } = await partner.call('PATCH', pathOf(partner), {});
  expect([status, textAt(body, 'id')]).toEqual([200, partner.endpoint]);
  expect(await state()).toEqual(before);
  await partner.call('PATCH', pathOf(partner), { url: 'https://8.8.8.8:8443/hook?key=1', description: 'Bookings' });
  expect((await linesAbout(partner.endpoint)).slice(1)).toEqual([
    { action: 'webhook_endpoint.update', detail: { changed: 'url description', host: '8.8.8.8:8443' } },
  ]);
});
