import { setTimeout as sleep } from 'node:timers/promises';
import { at, textAt, type Answer, type Credentials } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { useUpQuota } from '../../support/quota.js';
import { withClient } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { pass, startWorld, type World } from '../../support/world.js';

const LIMIT = 30;
/** The permits for interactive and aged calls; two more are reserved for logins, operators and status queries. */
const CEILING = LIMIT - 2;

let world: World;

beforeAll(async () => {
  world = await startWorld({
    // The sandbox has no limit here: the tests check which calls get the gateway's permits.
    sandbox: { SANDBOX_REQUESTS_PER_MINUTE: '1000000' },
    gateway: { LOYALTY_LAYER_REQUESTS_PER_MINUTE: String(LIMIT), LOYALTY_LAYER_COALESCING: 'false' },
  });
  await issue(world.partner, 10);
}, 60_000);

afterEach(async () => {
  await world.sandbox.reset();
  await useUpQuota(world.database.url, 0);
  await withClient(world.database.url, (client) =>
    client.query(`update transactions set due_at = null, parked = true where status = 'pending'`),
  );
});

function issue(auth: Credentials, wait: number): Promise<Answer> {
  const headers = { 'idempotency-key': unique('fair'), prefer: `wait=${wait}` };
  return world.gateway().request('POST', '/v1/passes', { auth, body: pass(), headers });
}

async function issueMany(auth: Credentials, count: number): Promise<string[]> {
  const headers = { 'idempotency-key': unique('fair'), prefer: 'wait=0' };
  const body = { passes: Array.from({ length: count }, () => pass()) };
  const answer = await world.gateway().request('POST', '/v1/passes/batch', { auth, body, headers });
  const list = at(answer.body, 'results');
  if (!Array.isArray(list)) throw new Error('no results');
  // Waits until each has requested its permit, so that none takes a permit that is meant for others.
  await eventually(15_000, underWay, (rows) => rows === 0);
  return list.map((one) => textAt(one, 'transaction', 'id'));
}

async function underWay(): Promise<number> {
  return withClient(world.database.url, async (client) => {
    const open = `select from transactions where status = 'pending' and attempt_open`;
    return (await client.query(open)).rowCount ?? 0;
  });
}

/** The number of issued passes among `ids`. */
async function issued(ids: readonly string[]): Promise<number> {
  return withClient(world.database.url, async (client) => {
    const found = `select from transactions where id = any($1::uuid[]) and status = 'succeeded'`;
    return (await client.query(found, [ids.map((id) => bareId(id))])).rowCount ?? 0;
  });
}

/** Makes waiting operations due at once. */
function hasten(): Promise<Answer> {
  return world.admin('POST', '/v1/admin/providers/loyalty-layer/resume', {});
}

async function calls(operation: string): Promise<number> {
  return (await world.sandbox.calls('loyalty-layer')).filter((call) => call['operation'] === operation).length;
}

it('an app with 200 waiting requests does not keep another with 2 from being served', async () => {
  await useUpQuota(world.database.url, LIMIT);
  const many = await issueMany(world.partner, 200);
  const few = await issueMany(await world.createApp(), 2);
  await useUpQuota(world.database.url, CEILING - 5);
  await hasten();
  await eventually(
    15_000,
    () => issued(few),
    (count) => count === 2,
  );
  expect(await issued(many)).toBeLessThanOrEqual(5);
}, 40_000);

it('requests that waited long are served while newcomers take every permit they can', async () => {
  await useUpQuota(world.database.url, LIMIT);
  const waiting = await issueMany(world.partner, 4);
  await sleep(5_000);
  await hasten();
  const other = await world.createApp();
  const storm = { isOver: false };
  const newcomers = Array.from({ length: 4 }, async () => {
    while (!storm.isOver) {
      await issue(other, 0);
      await sleep(20);
    }
  });
  const permits = (async () => {
    while (!storm.isOver) {
      // One permit is free at a time, and new calls request it all the time.
      await useUpQuota(world.database.url, CEILING - 1);
      await sleep(300);
    }
  })();
  try {
    await eventually(
      15_000,
      () => issued(waiting),
      (count) => count === 4,
    );
  } finally {
    storm.isOver = true;
    await Promise.all([...newcomers, permits]);
  }
}, 40_000);

it('when new tokens are refused too, all instances pause without use of permits until an operator ends it', async () => {
  await useUpQuota(world.database.url, 0);
  await world.sandbox.fault({ provider: 'loyalty-layer', operation: 'pass-create', fault: '401' });
  const before = { creates: await calls('pass-create'), logins: await calls('token') };
  const burst = await Promise.all(Array.from({ length: 40 }, () => issue(world.partner, 3)));
  expect(new Set(burst.map(({ body }) => at(body, 'status')))).toEqual(new Set(['pending']));
  const used = (await calls('pass-create')) - before.creates;
  expect(used).toBeLessThanOrEqual(8 + 3);
  expect((await calls('token')) - before.logins).toBeLessThanOrEqual(3);
  expect(at((await issue(world.partner, 2)).body, 'status')).toBe('pending');
  expect((await calls('pass-create')) - before.creates).toBe(used);

  await world.sandbox.reset();
  await useUpQuota(world.database.url, 0);
  expect((await world.admin('POST', '/v1/admin/providers/loyalty-layer/token/refresh', {})).status).toBeLessThan(300);
  expect((await issue(world.partner, 15)).status).toBe(201);
}, 40_000);

it('an operator gets permits when no one else has any', async () => {
  await useUpQuota(world.database.url, LIMIT);
  const [id = ''] = await issueMany(world.partner, 1);
  await withClient(world.database.url, (client) =>
    client.query(`update transactions set parked = true, due_at = null where id = $1`, [bareId(id)]),
  );
  await useUpQuota(world.database.url, LIMIT - 2);
  expect(at((await issue(world.partner, 1)).body, 'status')).toBe('pending');
  expect((await world.admin('POST', `/v1/admin/transactions/${id}/retry`, {})).status).toBe(200);
  await eventually(
    10_000,
    () => issued([id]),
    (count) => count === 1,
  );
  const known = (await world.call('GET', `/v1/transactions/${id}`)).body;
  const path = `/v1/passes/${textAt(known, 'pass', 'id')}?refresh=true`;
  await useUpQuota(world.database.url, LIMIT - 2);
  expect((await world.call('GET', path)).status).toBe(200);
  // The last permit is reserved for a login.
  expect((await world.call('GET', path)).status).toBe(503);
  expect((await world.admin('POST', '/v1/admin/providers/loyalty-layer/token/refresh', {})).status).toBeLessThan(300);
}, 40_000);
