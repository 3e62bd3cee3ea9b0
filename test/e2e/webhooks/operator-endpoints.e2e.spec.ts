import { Webhook } from 'standardwebhooks';
import { at, request, textAt, type Answer, type Credentials } from '../../support/http.js';
import { undocumented } from '../../support/documented-events.js';
import { bareId, unique } from '../../support/ids.js';
import { sqlAsOwner } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { startWebhookReceiver, type ReceivedWebhook, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { MAGIC } from '../../support/magic.js';
import { startWorld, topup, type World } from '../../support/world.js';

const PATH = '/v1/admin/webhook-endpoints';

let world: World;
const receivers: WebhookReceiver[] = [];

beforeAll(async () => {
  world = await startWorld({ gateway: { REQUIRE_SECOND_OPERATOR: 'true', LATCOM_LOW_FLOAT: '5000,100' } });
}, 60_000);

afterAll(() => {
  for (const receiver of receivers) receiver.close();
});

interface Listener {
  readonly receiver: WebhookReceiver;
  readonly id: string;
  readonly secret: string;
}

async function receiverOf(): Promise<WebhookReceiver> {
  const receiver = await startWebhookReceiver();
  receivers.push(receiver);
  return receiver;
}

/** An endpoint of the operators. */
async function listen(types?: readonly string[]): Promise<Listener> {
  const receiver = await receiverOf();
  const made = await world.admin('POST', PATH, { url: receiver.url, ...(types && { types }) });
  expect(made.status).toBe(201);
  return { receiver, id: textAt(made.body, 'id'), secret: textAt(made.body, 'secret') };
}

/** The call of a new app, as `call(method, path, body)`. */
async function newApp(): Promise<(method: string, path: string, body?: unknown) => Promise<Answer>> {
  const auth: Credentials = await world.createApp();
  return (method, path, body) =>
    world.gateway().request(method, path, {
      auth,
      body,
      headers: method === 'GET' ? {} : { 'idempotency-key': unique('key'), prefer: 'wait=10' },
    });
}

async function endpointOf(call: Awaited<ReturnType<typeof newApp>>, changes: object = {}): Promise<Listener> {
  const receiver = await receiverOf();
  const made = await call('POST', '/v1/webhook-endpoints', { url: receiver.url, ...changes });
  expect(made.status).toBe(201);
  return { receiver, id: textAt(made.body, 'id'), secret: textAt(made.body, 'secret') };
}

function arrived({ receiver }: Listener, count: number): Promise<readonly ReceivedWebhook[]> {
  return eventually(
    15_000,
    () => Promise.resolve(receiver.received),
    (all) => all.length >= count,
  );
}

const remove = (listener: Listener): Promise<Answer> => world.admin('DELETE', `${PATH}/${listener.id}`);

it('operators have endpoints of their own, for events of their own', async () => {
  const { receiver, id, secret } = await listen();
  expect(secret).toMatch(/^whsec_/);
  const path = `${PATH}/${id}`;
  const { body: shown } = await world.admin('GET', path);
  expect(shown).toMatchObject({ id, appId: null, url: receiver.url, status: 'enabled' });
  expect(at(shown, 'types')).toContain('ops.ledger.head');
  expect(JSON.stringify(shown)).not.toContain('whsec_');
  const changed = await world.admin('PATCH', path, { types: ['ops.float.low'], description: 'Pager', enabled: false });
  expect(changed.body).toMatchObject({ types: ['ops.float.low'], disabledReason: 'by_operator', description: 'Pager' });
  const tested = await world.admin('POST', `${path}/test`);
  expect(tested.body).toMatchObject({ delivered: true, status: 204, error: null });
  expect(receiver.received[0]?.event.type).toBe('webhook_endpoint.test');
  const rotated = await world.admin('POST', `${path}/rotate-secret`, {});
  expect(textAt(rotated.body, 'secret')).not.toBe(secret);
  expect((await world.admin('POST', PATH, { url: receiver.url })).status).toBe(409);
  expect((await world.admin('DELETE', path)).status).toBe(204);
  expect((await world.admin('GET', path)).status).toBe(404);
});

it('there are at most ten, also when they are made at once', async () => {
  const makes = Array.from({ length: 12 }, (_none, index) =>
    world.admin('POST', PATH, { url: `https://operators.example/${index}` }),
  );
  const answers = await Promise.all(makes);
  expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array<number>(10).fill(201), 409, 409]);
  for (const { status, body } of answers)
    if (status === 201) await world.admin('DELETE', `${PATH}/${textAt(body, 'id')}`);
});

it.each([
  ['a type of partners', { types: ['transaction.succeeded'] }, '/types'],
  ['a type that nobody chooses', { types: ['webhook_endpoint.disabled'] }, '/types'],
  ['no types', { types: [] }, '/types'],
  ['a type twice', { types: ['ops.float.low', 'ops.float.low'] }, '/types'],
  ['an internal address', { url: 'https://10.0.0.1/hook' }, '/url'],
  ['a member that does not exist', { appId: 'app_1' }, '/appId'],
])('an endpoint of operators with %s is refused', async (_name, changes, field) => {
  const { status, body } = await world.admin('POST', PATH, { url: 'https://operators.example/hook', ...changes });
  expect([status, textAt(body, 'code')]).toEqual([400, 'validation_failed']);
  expect(textAt(body, 'detail')).toContain(`(${field})`);
});

it('a partner cannot subscribe to the types of operators', async () => {
  const call = await newApp();
  const types = ['ops.float.low'];
  const made = await call('POST', '/v1/webhook-endpoints', { url: 'https://partner.example/hook', types });
  expect(made.status).toBe(400);
  const { id } = await endpointOf(call);
  expect((await call('PATCH', `/v1/webhook-endpoints/${id}`, { types })).status).toBe(400);
});

it('operators see the endpoints of an app, and can only disable and enable them', async () => {
  const call = await newApp();
  const first = await endpointOf(call);
  const second = await endpointOf(call);
  const { body: shown } = await world.admin('GET', `${PATH}/${first.id}`);
  const appId = textAt(shown, 'appId');
  const list = await world.admin('GET', `${PATH}?appId=${appId}&limit=1`);
  expect(list.body).toMatchObject({ data: [{ id: second.id, appId }], nextCursor: expect.any(String) });
  const next = await world.admin('GET', `${PATH}?appId=${appId}&cursor=${textAt(list.body, 'nextCursor')}`);
  expect(next.body).toMatchObject({ data: [{ id: first.id }], nextCursor: null });
  expect((await world.admin('GET', `${PATH}?appId=app_00000000-0000-0000-0000-00000000000x`)).status).toBe(400);
  for (const [method, path] of [
    ['PATCH', ''],
    ['DELETE', ''],
    ['POST', '/rotate-secret'],
    ['POST', '/test'],
  ] as const) {
    const refused = await world.admin(method, `${PATH}/${first.id}${path}`, method === 'DELETE' ? undefined : {});
    expect([refused.status, textAt(refused.body, 'code')]).toEqual([409, 'invalid_state']);
  }
  const disabled = await world.admin('POST', `${PATH}/${first.id}/disable`);
  expect(disabled.body).toMatchObject({ status: 'disabled', disabledReason: 'by_operator' });
  const refused = await call('PATCH', `/v1/webhook-endpoints/${first.id}`, { enabled: true });
  expect([refused.status, textAt(refused.body, 'code')]).toEqual([409, 'invalid_state']);
  const enabled = await world.admin('POST', `${PATH}/${first.id}/enable`);
  expect(enabled.body).toMatchObject({ status: 'enabled', disabledReason: null });
});

it('operators replay what the endpoint of an app has missed', async () => {
  const call = await newApp();
  await call('POST', '/v1/topups', topup());
  const late = await endpointOf(call);
  await eventually(
    10_000,
    () => call('GET', '/v1/events?types=transaction.succeeded'),
    ({ body }) => at(body, 'data', 0) !== undefined,
  );
  const from = new Date(Date.now() - 60_000).toISOString();
  const begun = await world.admin('POST', `${PATH}/${late.id}/replay`, { from });
  expect(begun.status).toBe(202);
  expect(begun.body).toMatchObject({ endpointId: late.id, status: 'running' });
  const [told] = await arrived(late, 1);
  expect(told?.event.type).toBe('transaction.succeeded');
  const seen = await eventually(
    10_000,
    () => world.admin('GET', `/v1/admin/webhook-replays/${textAt(begun.body, 'id')}`),
    ({ body }) => at(body, 'status') === 'completed',
  );
  expect(seen.body).toMatchObject({ endpointId: late.id, counted: 1, queued: 1 });
  const operators = await listen();
  expect((await world.admin('POST', `${PATH}/${operators.id}/replay`, { from })).status).toBe(409);
  await remove(operators);
});

it('operators see what was sent to any endpoint, and to that one alone', async () => {
  const call = await newApp();
  const [first, second] = [await endpointOf(call), await endpointOf(call, { types: ['transaction.failed'] })];
  await call('POST', '/v1/topups', topup());
  await arrived(first, 1);
  const listed = await eventually(
    10_000,
    () => world.admin('GET', `${PATH}/${first.id}/deliveries?status=delivered`),
    ({ body }) => at(body, 'data', 0) !== undefined,
  );
  expect(at(listed.body, 'data')).toEqual([expect.objectContaining({ endpointId: first.id, lastStatus: 204 })]);
  const none = await world.admin('GET', `${PATH}/${second.id}/deliveries`);
  expect(none.body).toEqual({ data: [], nextCursor: null });
  const operators = await listen(['ops.webhook_endpoint.disabled']);
  await world.admin('POST', `${PATH}/${first.id}/disable`);
  await arrived(operators, 1);
  const { body } = await world.admin('GET', `${PATH}/${operators.id}/deliveries`);
  expect(at(body, 'data')).toEqual([expect.objectContaining({ endpointId: operators.id, transactionId: null })]);
  await remove(operators);
});

it('an app that reads the route of another or of operators finds nothing', async () => {
  const operators = await listen();
  const call = await newApp();
  for (const method of ['GET', 'DELETE']) {
    expect((await call(method, `/v1/webhook-endpoints/${operators.id}`)).status).toBe(404);
  }
  await remove(operators);
});

it("the app's other endpoints and the operators learn that one was disabled", async () => {
  const operators = await listen(['ops.webhook_endpoint.disabled']);
  const call = await newApp();
  const other = await endpointOf(call, { types: ['transaction.scheduled'] });
  const gone = await endpointOf(call);
  gone.receiver.answer = (response) => response.writeHead(410).end();
  await call('POST', '/v1/topups', topup());
  const [told] = await arrived(other, 1);
  expect(new Webhook(other.secret).verify(told?.body ?? '', told?.headers as Record<string, string>)).toEqual({
    id: told?.headers['webhook-id'],
    type: 'webhook_endpoint.disabled',
    timestamp: expect.any(String),
    apiVersion: 'v1',
    data: { endpointId: gone.id, reason: 'gone', url: `/v1/webhook-endpoints/${gone.id}` },
  });
  const [seen] = await arrived(operators, 1);
  expect(new Webhook(operators.secret).verify(seen?.body ?? '', seen?.headers as Record<string, string>)).toMatchObject(
    {
      type: 'ops.webhook_endpoint.disabled',
      data: { endpointId: gone.id, reason: 'gone', appId: expect.stringMatching(/^app_/) },
    },
  );
  expect((await call('GET', `/v1/events/${told?.event.id}`)).status).toBe(404);
  const audit = await world.admin('GET', '/v1/admin/audit-log?limit=50');
  expect(at(audit.body, 'data')).toContainEqual(
    expect.objectContaining({
      ...{ actor: 'gateway', action: 'webhook_endpoint.disable', target: gone.id, detail: { reason: 'gone' } },
    }),
  );
  const alarms = world
    .gateway()
    .output()
    .split('\n')
    .filter((line) => line.includes('"webhook_endpoint_disabled"'));
  expect(alarms.filter((line) => line.includes(gone.id) && /"appId":"app_[0-9a-f-]{36}"/.test(line))).toHaveLength(1);
  // By the app itself: no event. By an operator: an event.
  await call('PATCH', `/v1/webhook-endpoints/${gone.id}`, { enabled: true });
  await call('PATCH', `/v1/webhook-endpoints/${gone.id}`, { enabled: false });
  await call('PATCH', `/v1/webhook-endpoints/${gone.id}`, { enabled: true });
  await world.admin('POST', `${PATH}/${gone.id}/disable`);
  const all = await arrived(other, 2);
  expect(all.map(({ event }) => event.data['reason'])).toEqual(['gone', 'by_operator']);
  await remove(operators);
});

it('operators learn of unknown transactions, proposals, pauses and breaks', async () => {
  const operators = await listen();
  const call = await newApp();
  const bought = await call('POST', '/v1/topups', topup({ phoneNumber: MAGIC.latcom.executedAnswerLost }));
  const id = textAt(bought.body, 'id');
  expect(textAt(bought.body, 'status')).toBe('unknown');
  await world.admin('POST', `/v1/admin/transactions/${id}/resolve`, {
    outcome: 'failed',
    evidence: 'their mail',
    reason: 'a text that stays inside',
  });
  await world.admin('POST', '/v1/admin/providers/latcom/pause', { reason: 'a text that stays inside' });
  await world.admin('POST', '/v1/admin/providers/latcom/pause', { reason: 'again' });
  await world.admin('POST', '/v1/admin/providers/latcom/resume');
  await sqlAsOwner(
    world,
    `insert into breaks (id, class, provider, record_key)
     select new_uuid(), 'missing_in_ledger', 'latcom', n::text from generate_series(1, 50) n`,
  );
  const types = ['unknown.opened', 'proposal.opened', 'provider.paused', 'provider.resumed', 'break.opened'];
  const all = await eventually(
    15_000,
    () => Promise.resolve(operators.receiver.received),
    (some) => types.every((type) => some.some(({ event }) => event.type === `ops.${type}`)),
  );
  const data = (type: string): unknown[] =>
    all.filter(({ event }) => event.type === `ops.${type}`).map(({ event }) => event.data);
  expect(data('unknown.opened')).toEqual([
    expect.objectContaining({ provider: 'latcom', count: 1, transactionIds: [id] }),
  ]);
  expect(data('proposal.opened')).toEqual([expect.objectContaining({ transactionId: id, resolution: 'failed' })]);
  expect(data('provider.paused')).toEqual([expect.objectContaining({ provider: 'latcom' })]);
  expect(data('break.opened')).toEqual([expect.objectContaining({ class: 'missing_in_ledger', count: 50 })]);
  expect(at(data('break.opened')[0], 'breakIds', 9)).toMatch(/^brk_/);
  expect(at(data('break.opened')[0], 'breakIds', 10)).toBeUndefined();
  expect(JSON.stringify(all.map(({ body }) => body))).not.toMatch(/stays inside|operator:/);
  await remove(operators);
});

it('operators learn of a proposal for a break that has no transaction', async () => {
  const operators = await listen(['ops.proposal.opened']);
  const [row] = await sqlAsOwner(
    world,
    `insert into breaks (id, class, provider, record_key) values (new_uuid(), 'missing_in_ledger', 'latcom', 'x')
     returning id`,
  );
  const breakId = `brk_${String(row?.['id'])}`;
  const body = { resolution: 'succeeded', reason: 'a text that stays inside' };
  expect((await world.admin('POST', `/v1/admin/breaks/${breakId}/resolve`, body)).status).toBeLessThan(300);
  const [told] = await arrived(operators, 1);
  const url = `/v1/admin/breaks/${breakId}`;
  expect(told?.event.data).toEqual({ transactionId: null, breakId, resolution: 'succeeded', url });
  await remove(operators);
});

it('a balance that falls below a level is reported once for each level', async () => {
  const operators = await listen(['ops.float.low']);
  for (const usd of ['6000.00', '4000.00', '3900.00', '42.00', '4000.00', '41.00']) {
    await request(world.sandbox.url, 'POST', '/_sandbox/float', { body: { usd } });
    await world.admin('GET', '/v1/admin/providers/latcom/balance?refresh=true');
  }
  const all = await arrived(operators, 3);
  expect(all.map(({ event }) => event.data['level']).toSorted()).toEqual(['100', '100', '5000']);
  await remove(operators);
});

it('the last seal of the ledger is reported once a day, and the ledger verifies against it', async () => {
  const operators = await listen(['ops.ledger.head']);
  const [told] = await arrived(operators, 1);
  const verified = await world.admin('GET', String(told?.event.data['url']));
  expect(verified.body).toMatchObject({ ok: true });
  expect(String(told?.event.data['head'])).toMatch(/^[0-9a-f]{64}$/);
  await sqlAsOwner(world, `delete from webhook_deliveries where endpoint_id = $1`, [bareId(operators.id)]);
  await expect(
    sqlAsOwner(
      world,
      `insert into webhook_events (id, type, data, once) select new_uuid(), type, data, once from webhook_events
       where type = 'ops.ledger.head'`,
    ),
  ).rejects.toThrow(/duplicate key/);
  await remove(operators);
}, 30_000);

it('the OpenAPI document describes every event that arrived', () => {
  const received = receivers.flatMap((receiver) => receiver.received);
  const types = new Set(received.map(({ event }) => event.type));
  expect([...types]).toEqual(
    expect.arrayContaining(['webhook_endpoint.disabled', 'ops.break.opened', 'ops.ledger.head']),
  );
  expect(undocumented(received)).toEqual([]);
  const [first] = received;
  expect(undocumented(first ? [{ ...first, event: { ...first.event, data: {} } }] : [])).toHaveLength(1);
});
