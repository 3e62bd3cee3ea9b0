import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { at, textAt, type Answer, type Credentials } from '../../support/http.js';
import { withClient } from '../../support/sql.js';
import { MAGIC } from '../../support/magic.js';
import { eventually } from '../../support/wait.js';
import { accrual, startWorld, topup, type World } from '../../support/world.js';

interface Event {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly transactionId: string; readonly version: number };
}

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

/** The scenario's own app, so that its feed holds nothing else. */
function asApp(auth: Credentials) {
  let keys = 0;
  const call = (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    keys += 1;
    const key = method === 'GET' ? {} : { 'idempotency-key': `key-${auth.username}-${keys}` };
    return world.gateway().request(method, path, { auth, body, headers: { ...key, ...headers } });
  };
  const feed = async (query = ''): Promise<Event[]> => eventsOf(await call('GET', `/v1/events?limit=100&${query}`));
  /** The feed, as soon as it has `count` events. */
  const feedOf = (count: number, query = ''): Promise<Event[]> =>
    eventually(
      10_000,
      () => feed(query),
      (events) => events.length >= count,
    );
  return { auth, call, feed, feedOf };
}

async function newApp() {
  return asApp(await world.createApp());
}

function eventsOf(answer: Answer): Event[] {
  expect(answer.status).toBe(200);
  return (answer.body as { data: Event[] }).data;
}

const typesOf = (events: readonly Event[]): string[] => events.map(({ type }) => type.replace('transaction.', ''));
const held = (): Record<string, unknown> => accrual({ releaseAt: new Date(Date.now() + 86_400_000).toISOString() });

it('the feed shows the events of a transaction in order, each as its JSON schema says', async () => {
  const app = await newApp();
  const bought = await app.call('POST', '/v1/topups', topup({ reference: 'ORDER-1' }), { prefer: 'wait=10' });
  const declined = topup({ phoneNumber: MAGIC.latcom.declinedInvalidPhone });
  await app.call('POST', '/v1/topups', declined, { prefer: 'wait=10' });
  const events = await app.feedOf(4);
  expect(typesOf(events)).toEqual(['pending', 'succeeded', 'pending', 'failed']);
  const transactionId = textAt(bought.body, 'id');
  expect(events[1]).toMatchObject({
    apiVersion: 'v1',
    data: {
      ...{ transactionId, transactionType: 'topup', provider: 'latcom', reference: 'ORDER-1', status: 'succeeded' },
      ...{ previousStatus: 'pending', final: true, basis: 'answer', quantity: { value: '10.00', unit: 'MXN' } },
      ...{ providerReference: textAt(bought.body, 'providerReference'), failure: null },
      url: `/v1/transactions/${transactionId}`,
    },
  });
  expect(events[3]).toMatchObject({
    data: { failure: { code: 'invalid_phone_number' } },
  });
  expect(at(events[3], 'data', 'failure')).toEqual({
    code: 'invalid_phone_number',
    category: 'request',
    retryable: false,
  });
  const described = (await app.call('GET', '/v1/event-types')).body as { data: { type: string; schema: object }[] };
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  addFormats.default(ajv);
  for (const event of events) {
    const schema = described.data.find(({ type }) => type === event.type)?.schema ?? false;
    expect([ajv.validate(schema, event), ajv.errors]).toEqual([true, null]);
    expect((await app.call('GET', `/v1/events/${event.id}`)).body).toEqual(event);
  }
});

it('a reader that passes nextAfter on reads every event once, page by page, and waits for the next one', async () => {
  const app = await newApp();
  for (let count = 0; count < 3; count += 1) await app.call('POST', '/v1/topups', topup(), { prefer: 'wait=10' });
  const whole = await app.feedOf(6);
  const read: Event[] = [];
  let after: string | null = null;
  for (let hasMore = true; hasMore;) {
    const page: Answer = await app.call('GET', `/v1/events?limit=4${after === null ? '' : `&after=${after}`}`);
    read.push(...eventsOf(page));
    after = textAt(page.body, 'nextAfter');
    hasMore = at(page.body, 'hasMore') === true;
  }
  expect(read).toEqual(whole);
  const empty = await app.call('GET', `/v1/events?after=${after}`);
  expect(empty.body).toEqual({ data: [], nextAfter: after, hasMore: false });
  const waiting = app.call('GET', `/v1/events?after=${after}`, undefined, { prefer: 'wait=20' });
  await app.call('POST', '/v1/accruals', held());
  const woken = await waiting;
  expect(typesOf(eventsOf(woken))).toEqual(['scheduled']);
  expect(woken.headers['preference-applied']).toBe('wait=20');
});

it('a type filter leaves out the rest, and an unknown type is refused', async () => {
  const app = await newApp();
  await app.call('POST', '/v1/topups', topup(), { prefer: 'wait=10' });
  await app.feedOf(2);
  expect(typesOf(await app.feed('types=transaction.succeeded,transaction.failed'))).toEqual(['succeeded']);
  for (const query of ['types=', 'types=transaction.won', 'types=transaction.failed,', 'after=evt_1', 'after=']) {
    const refused = await app.call('GET', `/v1/events?${query}`);
    expect([query, refused.status, at(refused.body, 'code')]).toEqual([query, 400, 'validation_failed']);
  }
});

it('a reader of few types gets on behind events of other types', async () => {
  const app = await newApp();
  await app.call('POST', '/v1/topups', topup(), { prefer: 'wait=10' });
  const [, last] = await app.feedOf(2);
  const rare = '/v1/events?types=transaction.overdue';
  const empty = await app.call('GET', rare);
  expect(empty.body).toEqual({ data: [], nextAfter: last?.id, hasMore: false });
  expect((await app.call('GET', `${rare}&after=${last?.id}`)).body).toEqual(empty.body);
  const full = await app.call('GET', '/v1/events?types=transaction.pending,transaction.succeeded&limit=1');
  expect(full.body).toMatchObject({ data: [{ type: 'transaction.pending' }], hasMore: true });
  expect(textAt(full.body, 'nextAfter')).toBe(textAt(full.body, 'data', 0, 'id'));
});

/** Adds copies of the last event of a transaction, at times of the day before that their ids begin with. */
async function addEarlier(transactionId: string, count: number): Promise<void> {
  await withClient(world.database.adminUrl, async (client) => {
    await client.query('set session_replication_role = replica');
    await client.query(
      `insert into transaction_events select (jsonb_populate_record(e, jsonb_build_object('transaction_id', new_uuid(), 'at', m.at,
         'id', lpad(to_hex((extract(epoch from m.at) * 1000)::bigint), 12, '0') || '7' || right(replace(gen_random_uuid()::text, '-', ''), 19)))).*
       from transaction_events e cross join generate_series(1, $2::int) n
       cross join lateral (select e.at - interval '1 day' + n * interval '1 ms' as at) m
       where e.transaction_id = $1 and e.to_status = 'succeeded'`,
      [transactionId.slice('txn_'.length), count],
    );
    await client.query('analyze transaction_events');
  });
}

it('one request looks at a limited number of events, however rare those of its types are', async () => {
  const app = await newApp();
  const made = await app.call('POST', '/v1/topups', topup(), { prefer: 'wait=10' });
  await app.feedOf(2);
  await addEarlier(textAt(made.body, 'id'), 60_000);
  const rare = '/v1/events?types=transaction.pending';
  const first = await app.call('GET', rare);
  expect(first.body).toMatchObject({ data: [], hasMore: true });
  const second = await app.call('GET', `${rare}&after=${textAt(first.body, 'nextAfter')}`);
  expect(second.body).toMatchObject({ data: [{ type: 'transaction.pending' }], hasMore: false });
  // A request that waits goes on by itself.
  expect((await app.call('GET', rare, undefined, { prefer: 'wait=10' })).body).toMatchObject({
    data: [{ type: 'transaction.pending' }],
  });
}, 30_000);

it('ten requests of an app can wait, an eleventh is answered at once', async () => {
  const [app, other] = [await newApp(), await newApp()];
  const wait = (by = app): Promise<Answer> => by.call('GET', '/v1/events', undefined, { prefer: 'wait=20' });
  const waiting = Array.from({ length: 10 }, () => wait());
  await new Promise((resolve) => setTimeout(resolve, 500));
  const begunAt = performance.now();
  const eleventh = await wait();
  expect(performance.now() - begunAt).toBeLessThan(2_000);
  expect(eleventh.body).toEqual({ data: [], nextAfter: null, hasMore: false });
  expect(eleventh.headers['preference-applied']).toBeUndefined();
  // Another app waits, and the ten end with the next event; then there is room again.
  const others = wait(other);
  await other.call('POST', '/v1/accruals', held());
  expect(typesOf(eventsOf(await others))).toEqual(['scheduled']);
  await app.call('POST', '/v1/accruals', held());
  for (const answer of await Promise.all(waiting)) {
    expect(typesOf(eventsOf(answer))).toEqual(['scheduled']);
    expect(answer.headers['preference-applied']).toBe('wait=20');
  }
  expect((await wait()).headers['preference-applied']).toBe('wait=20');
}, 45_000);

it('a client that hangs up ends its wait', async () => {
  const app = await newApp();
  const hangUp = new AbortController();
  const { username, password } = app.auth;
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const url = `${world.gateway().url}/v1/events`;
  const waiting = fetch(url, { headers: { authorization, prefer: 'wait=25' }, signal: hangUp.signal });
  setTimeout(() => hangUp.abort(), 500);
  await expect(waiting).rejects.toThrow();
  await eventually(
    5_000,
    () => Promise.resolve(world.gateway().output()),
    (text) => text.includes('"route":"/v1/events","status":499'),
  );
});

it("another app's event is neither a place in the feed nor to be read", async () => {
  const [one, other] = [await newApp(), await newApp()];
  await one.call('POST', '/v1/accruals', held());
  const [event] = await one.feedOf(1);
  const id = event?.id ?? '';
  expect((await one.call('GET', `/v1/events/${id}`)).status).toBe(200);
  expect(await other.feed()).toEqual([]);
  expect((await other.call('GET', `/v1/events/${id}`)).status).toBe(404);
  expect((await other.call('GET', `/v1/events?after=${id}`)).body).toMatchObject({ errors: [{ pointer: '?after' }] });
});

it('an event that commits late is not passed over: later ones wait for it', async () => {
  const app = await newApp();
  const first = await app.call('POST', '/v1/accruals', held());
  const [known] = await app.feedOf(1);
  await withClient(world.database.url, async (client) => {
    await client.query('begin');
    await client.query(
      `insert into transaction_events (id, transaction_id, app_id, seq, from_status, to_status, actor, evidence)
       select new_uuid(), id, app_id, version + 1, 'scheduled', 'pending', 'test', 'release time reached'
       from transactions where id = $1`,
      [textAt(first.body, 'id').slice('txn_'.length)],
    );
    await app.call('POST', '/v1/accruals', held());
    // Long enough for the second accrual to be shown if nothing held it back.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(await app.feed()).toEqual([known]);
    await client.query('commit');
  });
  expect(typesOf(await app.feedOf(3))).toEqual(['scheduled', 'pending', 'scheduled']);
});

it('a long read of the database, such as a backup, does not hold the feed back', async () => {
  const app = await newApp();
  await withClient(world.database.url, async (client) => {
    await client.query('begin isolation level repeatable read');
    await client.query('select count(*) from transaction_events');
    await app.call('POST', '/v1/accruals', held());
    expect(typesOf(await app.feedOf(1))).toEqual(['scheduled']);
    await client.query('rollback');
  });
});

it('an event has the same content for ever: after an amendment, the end, and an erasure', async () => {
  const app = await newApp();
  const made = await app.call('POST', '/v1/accruals', held());
  const path = `/v1/accruals/${textAt(made.body, 'id')}`;
  const raw = async (): Promise<string> => JSON.stringify(await app.feed());
  await app.feedOf(1);
  const scheduled = await raw();
  expect((await app.call('PATCH', path, { points: 7 })).status).toBe(200);
  expect(await raw()).toBe(scheduled);
  const releaseAt = new Date(Date.now() + 1_500).toISOString();
  expect((await app.call('PATCH', path, { releaseAt })).status).toBe(200);
  const ended = await app.feedOf(4);
  expect(typesOf(ended)).toEqual(['scheduled', 'pending', 'processing', 'succeeded']);
  expect(ended.map((event) => at(event, 'data', 'quantity', 'value'))).toEqual(['3000', '7', '7', '7']);
  expect(JSON.stringify(ended.slice(0, 1))).toBe(scheduled);
  const before = await raw();
  expect((await world.admin('POST', `/v1/admin/transactions/${textAt(made.body, 'id')}/erase`)).status).toBe(200);
  expect(await raw()).toBe(before);
});
