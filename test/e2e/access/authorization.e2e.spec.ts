import type { Answer, Credentials } from '../../support/http.js';
import { at, textAt } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { exampleBody, operations, scopes, type Operation } from '../../support/openapi.js';
import { createOperator, fill, prepare, type AuthorizedRequest } from '../../support/authorized-callers.js';
import { startWorld, type World } from '../../support/world.js';

/** All documented routes. Each is tested with every kind of caller; a new route needs no entry here. */
const ALL = operations();
const ROLES = ['viewer', 'operator', 'admin'];
const SCOPES = scopes();
/**
 * The expected scopes, independent of the document, which comes from the same metadata as the guard. A path requires
 * the scope named like its first part, except for these.
 */
const OTHER_SCOPES: Readonly<Record<string, string>> = {
  cards: 'passes',
  transactions: 'transactions:read',
  events: 'webhooks',
  'event-types': 'webhooks',
  'webhook-endpoints': 'webhooks',
  'webhook-deliveries': 'webhooks',
  'webhook-replays': 'webhooks',
};
/** Changes by every role: the caller's own password. */
const OPEN_TO_VIEWERS = ['POST /v1/admin/operators/me/password'];
const PUBLIC = ['GET /health/live', 'GET /health/ready', 'GET /metrics'];
/**
 * The number of wrong passwords per name that this test uses. It is below the limit from which they are slowed down.
 */
const TRIES_PER_NAME = 8;

let world: World;
let revoked: Credentials;
/** The last answer, for the message of a failed expectation. */
let last: unknown;
let stranger: Credentials;
const operators: Record<string, Credentials> = {};
const scoped: Record<string, Credentials> = {};
/** Operators who have logged in before, so that their wrong passwords do not slow down others. */
const known: Credentials[] = [];
const removed: Credentials[] = [];

async function operator(role: string): Promise<{ id: string; auth: Credentials }> {
  const one = await createOperator(world, role);
  expect((await world.gateway().request('GET', '/v1/admin/providers', { auth: one.auth })).status).toBe(200);
  return one;
}

async function prepareOperators(): Promise<void> {
  for (const role of ROLES) operators[role] = (await operator(role)).auth;
  const names = Math.ceil(ALL.filter(({ caller }) => caller === 'operator').length / TRIES_PER_NAME);
  for (let count = 0; count < names; count += 1) {
    known.push((await operator('viewer')).auth);
    const leaver = await operator('admin');
    expect((await world.admin('DELETE', `/v1/admin/operators/${leaver.id}`)).status).toBe(204);
    removed.push(leaver.auth);
  }
}

beforeAll(async () => {
  world = await startWorld({
    sandbox: { SANDBOX_REQUESTS_PER_MINUTE: '1000' },
    gateway: { LOYALTY_LAYER_REQUESTS_PER_MINUTE: '1000', REQUIRE_SECOND_OPERATOR: 'true' },
  });
  for (const scope of SCOPES) {
    scoped[scope] = await world.createApp({ scopes: SCOPES.filter((other) => other !== scope) });
  }
  stranger = await world.createApp();
  const apps = await world.admin('GET', '/v1/admin/apps?limit=1');
  const path = `/v1/admin/apps/${textAt(apps.body, 'data', 0, 'id')}/keys`;
  const key = await world.admin('POST', path, {});
  revoked = { username: textAt(key.body, 'keyId'), password: textAt(key.body, 'secret') };
  expect((await world.admin('DELETE', `${path}/${revoked.username}`)).status).toBe(204);
  await prepareOperators();
}, 60_000);

function bodyOf(operation: Operation): unknown {
  if (operation.method === 'GET' || operation.method === 'DELETE') return undefined;
  const body = exampleBody(operation.spec);
  const reference = at(body, 'reference');
  return typeof reference === 'string' ? { ...Object(body), reference: unique('own') } : body;
}

/** Sends, as a given caller, a request that succeeds for an authorized caller. */
interface Asking {
  readonly ask: (auth?: Credentials) => Promise<number>;
  readonly authorized: AuthorizedRequest;
}

async function asking(operation: Operation): Promise<Asking> {
  const authorized = await prepare(world, operation);
  const path = fill(operation, authorized.ids);
  const body = authorized.body ?? bodyOf(operation);
  const ask = async (auth?: Credentials): Promise<number> => {
    const headers = { 'idempotency-key': unique('key'), prefer: 'wait=0' };
    const options = { headers, ...(auth && { auth }), ...(body !== undefined && { body }) };
    const answer = await world.gateway().request(operation.method, path, options);
    if (answer.status === 401 || answer.status === 403) {
      expect(at(answer.body, 'code')).toBe(answer.status === 401 ? 'unauthenticated' : 'forbidden');
    }
    last = answer.body;
    return answer.status;
  };
  return { ask, authorized };
}

/** Expects that the request succeeds with a documented 2xx. */
async function expectDone(operation: Operation, { ask, authorized }: Asking, auth?: Credentials): Promise<void> {
  const status = await ask(authorized.as ?? auth);
  await authorized.after?.();
  // Includes the answer, so that a failure shows the reason.
  expect([Math.floor(status / 100), last]).toEqual([2, last]);
  expect(at(operation.spec, 'responses', String(status))).toBeDefined();
}

/** The lines of the audit log that `act` has added for the operator. */
async function auditedBy(auth: Credentials | undefined, act: () => Promise<unknown>): Promise<unknown[]> {
  const lines = async (): Promise<unknown[]> => {
    const { body } = await world.admin('GET', '/v1/admin/audit-log?limit=50');
    const data: unknown[] = [];
    for (let index = 0; at(body, 'data', index) !== undefined; index += 1) data.push(at(body, 'data', index));
    return data.filter((line) => at(line, 'actor') === `operator:${auth?.username}`);
  };
  const before = new Set((await lines()).map((line) => at(line, 'id')));
  await act();
  return (await lines()).filter((line) => !before.has(at(line, 'id')));
}

function of(list: readonly Credentials[], index: number): Credentials {
  const one = list[index % list.length];
  if (!one) throw new Error('nobody');
  return one;
}

describe.each(
  ALL.filter(({ caller }) => caller === 'partner').map((one) => [`${one.method} ${one.path}`, one] as const),
)('%s', (_name, operation) => {
  it('accepts only the owning app with the required scope', async () => {
    const first = operation.path.split('/')[2] ?? '';
    expect(operation.needs).toBe(OTHER_SCOPES[first] ?? first);
    const authorized = await asking(operation);
    const { ask } = authorized;
    expect(await ask()).toBe(401);
    expect(await ask({ ...stranger, password: world.partner.password })).toBe(401);
    expect(await ask(revoked)).toBe(401);
    expect(await ask(operators['admin'])).toBe(403);
    expect(await ask(scoped[operation.needs ?? ''])).toBe(403);
    if (operation.path.includes('{')) expect(await ask(stranger)).toBe(404);
    await expectDone(operation, authorized, world.partner);
  });
});

const ADMIN_ROUTES = ALL.filter(({ caller }) => caller === 'operator');

describe.each(ADMIN_ROUTES.map((one, index) => [`${one.method} ${one.path}`, one, index] as const))(
  '%s',
  (name, operation, index) => {
    it('accepts only operators with the required role or a higher one', async () => {
      const needed = ROLES.indexOf(operation.needs ?? '');
      expect(needed).toBeGreaterThanOrEqual(operation.method === 'GET' || OPEN_TO_VIEWERS.includes(name) ? 0 : 1);
      const authorized = await asking(operation);
      const { ask } = authorized;
      expect(await ask()).toBe(401);
      expect(await ask({ ...of(known, index), password: 'a-wrong-one' })).toBe(401);
      expect(await ask(of(removed, index))).toBe(401);
      expect(await ask(revoked)).toBe(401);
      expect(await ask(world.partner)).toBe(403);
      for (const [level, role] of ROLES.entries()) {
        if (level < needed) expect(await ask(operators[role])).toBe(403);
      }
      const auth = authorized.authorized.as ?? operators[operation.needs ?? ''];
      const audited = await auditedBy(auth, () => expectDone(operation, authorized, auth));
      // Every change writes exactly one line, also on new routes.
      if (operation.method !== 'GET') expect(audited).toHaveLength(1);
    });
  },
);

/** The routes that can return personal data in clear. */
const REVEALING = ADMIN_ROUTES.filter(({ spec }) => JSON.stringify(at(spec, 'parameters')).includes('"personal"'));

it.each(REVEALING.map((one) => [`${one.method} ${one.path}`, one] as const))(
  '%s reveals personal data only to operators, and the audit log says to whom',
  async (_name, operation) => {
    const { ids } = (await asking(operation)).authorized;
    const path = `${fill(operation, ids)}?expand=personal`;
    const ask = (role: string): Promise<Answer> =>
      world.gateway().request('GET', path, { auth: operators[role] ?? world.partner });
    expect((await ask('viewer')).status).toBe(403);
    const audited = await auditedBy(operators['operator'], async () => {
      expect((await ask('operator')).status).toBe(200);
    });
    expect(audited).toEqual([expect.objectContaining({ action: expect.stringMatching(/\.read_personal$/) })]);
  },
);

it.each(ALL.filter(({ caller }) => caller === 'notifier').map((one) => [`${one.method} ${one.path}`, one] as const))(
  '%s accepts only the provider',
  async (_name, operation) => {
    const { ask } = await asking(operation);
    for (const auth of [undefined, { ...world.notifier, password: 'wrong' }, revoked, world.partner]) {
      expect(await ask(auth)).toBe(401);
    }
    expect(await ask(operators['admin'])).toBe(401);
    expect(await ask(world.notifier)).toBe(200);
  },
);

it('only health and metrics are public', async () => {
  const open = ALL.filter(({ caller }) => caller === 'public');
  expect(open.map(({ method, path }) => `${method} ${path}`)).toEqual(PUBLIC);
  for (const operation of open) expect(await (await asking(operation)).ask()).toBe(200);
  expect(ALL.filter(({ path, caller }) => path.startsWith('/v1/admin/') !== (caller === 'operator'))).toEqual([]);
});
