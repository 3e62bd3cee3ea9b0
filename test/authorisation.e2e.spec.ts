import type { Answer, Credentials } from './support/http.js';
import { at, textAt } from './support/http.js';
import { exampleBody, operations, type Operation } from './support/openapi.js';
import { accrual, pass, startWorld, topup, unique, type World } from './support/world.js';

/** Every documented route, and every kind of caller: a route that is added is tried without an entry here. */
const ALL = operations();
const ROLES = ['viewer', 'operator', 'admin'];
const SCOPES = ['accruals', 'members', 'cobranded', 'passes', 'topups', 'transactions:read', 'webhooks'];
/** Said a second time on purpose: the document is made from what the guard reads, and both could be wrong. */
const SCOPE_OF: Readonly<Record<string, string>> = {
  accruals: 'accruals',
  members: 'members',
  cobranded: 'cobranded',
  cards: 'passes',
  passes: 'passes',
  topups: 'topups',
  transactions: 'transactions:read',
};
/** Everybody's own password. */
const OPEN_TO_VIEWERS = ['POST /v1/admin/operators/me/password'];
const PUBLIC = ['GET /health/live', 'GET /health/ready', 'GET /metrics'];
const PASSWORD = 'a-password-of-an-operator';
/** Wrong passwords of one name are answered 401 so often before they are slowed down; a little less is used. */
const TRIES_PER_NAME = 8;

let world: World;
let revoked: Credentials;
let stranger: Credentials;
const operators: Record<string, Credentials> = {};
const scoped: Record<string, Credentials> = {};
/** Operators who have logged in before: their wrong passwords do not slow others down. */
const known: Credentials[] = [];
const removed: Credentials[] = [];

async function operator(role: string): Promise<{ id: string; auth: Credentials }> {
  const username = unique(role);
  const made = await world.admin('POST', '/v1/admin/operators', { username, password: PASSWORD, role });
  const auth = { username, password: PASSWORD };
  expect((await world.gateway().request('GET', '/v1/admin/providers', { auth })).status).toBe(200);
  return { id: textAt(made.body, 'id'), auth };
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
  world = await startWorld({ gateway: { LOYALTY_LAYER_REQUESTS_PER_MINUTE: '1000' } });
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

/** What is really there, for the parameters of the paths. */
const made = new Map<string, Promise<string>>();

function once(name: string, make: () => Promise<Answer>, ...path: string[]): Promise<string> {
  const known_ = made.get(name) ?? make().then(({ body }) => textAt(body, ...path));
  made.set(name, known_);
  return known_;
}

const releaseAt = (): string => new Date(Date.now() + 86_400_000).toISOString();
const heldAccrual = (): Promise<string> =>
  once('accrual', () => world.call('POST', '/v1/accruals', accrual({ releaseAt: releaseAt() })), 'id');
/** A new one each time: one of the routes removes it. */
const app = async (): Promise<string> =>
  textAt((await world.admin('POST', '/v1/admin/apps', { name: unique('app'), scopes: ['topups'] })).body, 'id');

/** By the beginning of the path and the parameter; what is missing is filled with an id that nothing has. */
const FILLERS: readonly (readonly [string, () => Promise<string>])[] = [
  ['/v1/accruals/{id}', heldAccrual],
  ['/v1/transactions/{id}', heldAccrual],
  ['/v1/admin/transactions/{id}', heldAccrual],
  ['/v1/topups/{id}', () => once('topup', () => world.call('POST', '/v1/topups', topup()), 'id')],
  ['/v1/passes/{passId}', () => once('pass', () => world.call('POST', '/v1/passes', pass()), 'pass', 'id')],
  ['/v1/admin/apps/{id}/keys/{keyId}', () => Promise.resolve('key_019aa3f0-0000-7000-8000-000000000001')],
  ['/v1/admin/apps/{id}', app],
  ['/v1/admin/operators/{id}', async () => (await operator('viewer')).id],
  ['/v1/admin/providers/{name}', () => Promise.resolve('latam-pass')],
];

async function filled({ path }: Operation): Promise<string> {
  let result = path;
  for (const [parameter = ''] of path.matchAll(/\{\w+\}/g)) {
    const start = path.slice(0, path.indexOf(parameter) + parameter.length);
    const filler = FILLERS.find(([begins]) => begins === start)?.[1];
    // Of an app's own things there has to be one: otherwise "another app's" would say nothing.
    if (!filler && path.startsWith('/v1/') && !path.startsWith('/v1/admin/')) {
      throw new Error(`FILLERS does not say how to make what ${start} names`);
    }
    result = result.replace(parameter, filler ? await filler() : unique('none'));
  }
  return result;
}

/** Where the example's members cannot all be sent at once. */
const BODIES: Readonly<Record<string, object>> = {
  'PATCH /v1/accruals/{id}': { points: 100 },
  'PATCH /v1/passes/{passId}': { metadata: { desk: 'north' } },
};

function bodyOf(operation: Operation): unknown {
  const chosen = BODIES[`${operation.method} ${operation.path}`];
  if (chosen) return chosen;
  const body = exampleBody(operation.spec);
  const reference = at(body, 'reference');
  return typeof reference === 'string' ? { ...Object(body), reference: unique('own') } : body;
}

type Ask = (auth?: Credentials) => Promise<number>;

async function asking(operation: Operation): Promise<Ask> {
  const path = await filled(operation);
  const body = operation.method === 'GET' ? undefined : bodyOf(operation);
  return async (auth) => {
    const headers = { 'idempotency-key': unique('key'), prefer: 'wait=0' };
    const options = { headers, ...(auth && { auth }), ...(body !== undefined && { body }) };
    const answer = await world.gateway().request(operation.method, path, options);
    if (answer.status === 401 || answer.status === 403) {
      expect(at(answer.body, 'code')).toBe(answer.status === 401 ? 'unauthenticated' : 'forbidden');
    }
    return answer.status;
  };
}

function of(list: readonly Credentials[], index: number): Credentials {
  const one = list[index % list.length];
  if (!one) throw new Error('nobody');
  return one;
}

/** Let in: what was asked for may still not be there, not be possible now, or lack a body that no example gives. */
function expectAdmitted(status: number): void {
  expect([200, 201, 202, 204, 400, 404, 406, 409, 415]).toContain(status);
}

describe.each(
  ALL.filter(({ caller }) => caller === 'partner').map((one) => [`${one.method} ${one.path}`, one] as const),
)('%s', (_name, operation) => {
  it('is for the owning app with its scope alone', async () => {
    expect(operation.needs).toBe(SCOPE_OF[operation.path.split('/')[2] ?? '']);
    const ask = await asking(operation);
    expect(await ask()).toBe(401);
    expect(await ask({ ...stranger, password: world.partner.password })).toBe(401);
    expect(await ask(revoked)).toBe(401);
    expect(await ask(operators['admin'])).toBe(403);
    expect(await ask(scoped[operation.needs ?? ''])).toBe(403);
    if (operation.path.includes('{')) expect(await ask(stranger)).toBe(404);
    const own = await ask(world.partner);
    // What is named is there, so its owner finds it.
    if (operation.path.includes('{')) expect(own).not.toBe(404);
    expectAdmitted(own);
  });
});

const ADMIN_ROUTES = ALL.filter(({ caller }) => caller === 'operator');

describe.each(ADMIN_ROUTES.map((one, index) => [`${one.method} ${one.path}`, one, index] as const))(
  '%s',
  (name, operation, index) => {
    it('is for operators with its role or a higher one alone', async () => {
      const needed = ROLES.indexOf(operation.needs ?? '');
      expect(needed).toBeGreaterThanOrEqual(operation.method === 'GET' || OPEN_TO_VIEWERS.includes(name) ? 0 : 1);
      const ask = await asking(operation);
      expect(await ask()).toBe(401);
      expect(await ask({ ...of(known, index), password: 'a-wrong-one' })).toBe(401);
      expect(await ask(of(removed, index))).toBe(401);
      expect(await ask(revoked)).toBe(401);
      expect(await ask(world.partner)).toBe(403);
      for (const [level, role] of ROLES.entries()) {
        if (level < needed) expect(await ask(operators[role])).toBe(403);
      }
      expectAdmitted(await ask(operators[operation.needs ?? '']));
    });
  },
);

it.each(ALL.filter(({ caller }) => caller === 'notifier').map((one) => [`${one.method} ${one.path}`, one] as const))(
  '%s is for the provider alone',
  async (_name, operation) => {
    const ask = await asking(operation);
    for (const auth of [undefined, { ...world.notifier, password: 'wrong' }, revoked, world.partner]) {
      expect(await ask(auth)).toBe(401);
    }
    expect(await ask(operators['admin'])).toBe(401);
    expect(await ask(world.notifier)).toBe(200);
  },
);

it('nothing else than health and metrics is for everybody', async () => {
  const open = ALL.filter(({ caller }) => caller === 'public');
  expect(open.map(({ method, path }) => `${method} ${path}`)).toEqual(PUBLIC);
  for (const operation of open) expect(await (await asking(operation))()).toBe(200);
  expect(ALL.filter(({ path, caller }) => path.startsWith('/v1/admin/') !== (caller === 'operator'))).toEqual([]);
});
