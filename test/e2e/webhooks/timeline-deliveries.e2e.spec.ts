import { metric } from '../../support/metrics.js';
import { textAt } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { eventually } from '../../support/wait.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { startWorld, topup, type World } from '../../support/world.js';

let world: World;
let receiver: WebhookReceiver;

beforeAll(async () => {
  world = await startWorld();
  receiver = await startWebhookReceiver();
}, 60_000);

afterAll(() => receiver.close());

interface Timeline {
  readonly data: readonly { readonly id: string; readonly to: string; readonly deliveries?: readonly object[] }[];
}

it('the timeline says when the partner was told, and what it answered', async () => {
  receiver.answer = (response) => response.writeHead(202).end();
  const endpoint = await world.call('POST', '/v1/webhook-endpoints', { url: receiver.url });
  const bought = await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=10' });
  const path = `/v1/transactions/${textAt(bought.body, 'id')}/events`;
  const last = async (base: string): Promise<Timeline['data'][number] | undefined> => {
    const answer =
      base === '/v1' ? await world.call('GET', `${path}?expand=deliveries`) : await world.admin('GET', base);
    expect(answer.status).toBe(200);
    return (answer.body as Timeline).data.at(-1);
  };
  const told = await eventually(
    10_000,
    () => last('/v1'),
    (event) => JSON.stringify(event?.deliveries).includes('"delivered"'),
  );
  expect(told).toMatchObject({ id: receiver.received[0]?.event.id, to: 'succeeded' });
  expect(told?.deliveries).toEqual([
    {
      id: expect.stringMatching(/^whd_/),
      endpointId: textAt(endpoint.body, 'id'),
      status: 'delivered',
      attempts: 1,
      deliveredAt: expect.stringMatching(/^\d{4}-.*Z$/),
      lastStatus: 202,
      lastError: null,
    },
  ]);
  expect(await last(`/v1/admin${path.slice(3)}?expand=deliveries`)).toEqual(told);
  const all = (await world.call('GET', `${path}?expand=deliveries`)).body as Timeline;
  // Events that no endpoint wants have an empty list; without `expand` there is none.
  expect(all.data[0]?.deliveries).toEqual([]);
  expect(JSON.stringify((await world.call('GET', path)).body)).not.toContain('deliveries');
  const wrong = await world.call('GET', `${path}?expand=personal`);
  expect([wrong.status, JSON.stringify(wrong.body)]).toEqual([400, expect.stringContaining('deliveries')]);
});

it('each attempt is counted and measured, and carries a trace that names the transaction', async () => {
  const auth = await world.createApp();
  const own = await startWebhookReceiver();
  let refusals = 0;
  own.answer = (response) => response.writeHead((refusals += 1) === 1 ? 422 : 200).end();
  const call = (path: string, body: unknown) =>
    world
      .gateway()
      .request('POST', path, { auth, body, headers: { 'idempotency-key': unique('key'), prefer: 'wait=10' } });
  const before = await metric(world, 'gateway_webhook_deliveries_total{outcome="delivered"}');
  await call('/v1/webhook-endpoints', { url: own.url });
  const bought = await call('/v1/topups', topup());
  await eventually(
    20_000,
    () => metric(world, 'gateway_webhook_deliveries_total{outcome="delivered"}'),
    (n) => n > before,
  );
  own.close();
  expect(await metric(world, 'gateway_webhook_deliveries_total{outcome="refused"}')).toBe(1);
  expect(await metric(world, 'gateway_webhook_delivery_seconds_count')).toBe(before + 2);
  expect(await metric(world, 'gateway_webhook_commit_to_delivery_seconds_count')).toBe(before + 1);
  const traces = own.received.map(({ headers }) => String(headers['traceparent']).split('-'));
  expect(traces.map(([, trace]) => trace)).toEqual(
    Array(2).fill(bareId(textAt(bought.body, 'id')).replaceAll('-', '')),
  );
  expect(new Set(traces.map(([, , span]) => span)).size).toBe(2);
}, 40_000);
