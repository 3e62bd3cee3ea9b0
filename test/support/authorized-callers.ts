import { textAt, type Answer, type Credentials } from './http.js';
import { bareId, unique } from './ids.js';
import { encryptCard } from './jwe.js';
import { MAGIC } from './magic.js';
import { exampleBody, operations, type Operation } from './openapi.js';
import { sqlAsOwner } from './sql.js';
import { eventually } from './wait.js';
import { accrual, pass, topup, type World } from './world.js';

/** A request that succeeds for an authorized caller. Absent members are made from the OpenAPI document. */
export interface AuthorizedRequest {
  /** Ids by the name of the path's parameter. Each parameter needs one, here or in `USUAL`. */
  readonly ids?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The caller; default: one with exactly the required role. */
  readonly as?: Credentials;
  /** Runs after the request. */
  readonly after?: () => Promise<unknown>;
}

type Prepare = (world: World, spec: unknown) => Promise<AuthorizedRequest>;

export const PASSWORD = 'a-password-of-an-operator';
const NOBODY = { ids: {} };

export async function createOperator(world: World, role: string): Promise<{ id: string; auth: Credentials }> {
  const auth = { username: unique(role), password: PASSWORD };
  const made = await world.admin('POST', '/v1/admin/operators', { ...auth, role });
  return { id: textAt(made.body, 'id'), auth };
}

async function made(asking: Promise<Answer>, ...path: string[]): Promise<string> {
  return textAt((await asking).body, ...path);
}

const releaseAt = (): string => new Date(Date.now() + 86_400_000).toISOString();
/** Uses another phone number than the examples, which would otherwise be possible duplicates. */
const buy = (world: World, phoneNumber: string, prefer: string): Promise<string> =>
  made(world.call('POST', '/v1/topups', topup({ phoneNumber }), { prefer }), 'id');

const id = (make: (world: World) => Promise<string>, name = 'id'): Prepare => {
  return async (world) => ({ ids: { [name]: await make(world) } });
};
const held = id((world) => made(world.call('POST', '/v1/accruals', accrual({ releaseAt: releaseAt() })), 'id'));
const bought = id((world) => buy(world, '5537680001', 'wait=15'));
const unknown = id((world) => buy(world, MAGIC.latcom.executedAnswerLost, 'wait=15'));
const issued = id(
  (world) => made(world.call('POST', '/v1/passes', pass(), { prefer: 'wait=15' }), 'pass', 'id'),
  'passId',
);
const app = id((world) =>
  made(world.admin('POST', '/v1/admin/apps', { name: unique('app'), scopes: ['topups'] }), 'id'),
);
const plan = id(async (world) => {
  const planId = unique('PLAN');
  return made(world.admin('POST', '/v1/admin/plans', { planId, kind: 'other', enrolTokenRequired: false }), 'planId');
}, 'planId');
const product = id(async (world) => {
  const amount = { value: '20.00', currency: 'MXN' };
  const body = {
    productId: unique('PRODUCT'),
    description: 'Airtime',
    operator: 'TELCEL',
    minAmount: amount,
    maxAmount: amount,
  };
  return made(world.admin('POST', '/v1/admin/products', body), 'productId');
}, 'productId');
const person = id(async (world) => (await createOperator(world, 'viewer')).id);
const run = id((world) =>
  made(world.admin('POST', '/v1/admin/reconciliations', { provider: 'latcom', kind: 'balance' }), 'id'),
);

const key: Prepare = async (world, spec) => {
  const { ids = {} } = await app(world, spec);
  const keyId = await made(world.admin('POST', `/v1/admin/apps/${ids['id'] ?? ''}/keys`, {}), 'keyId');
  return { ids: { ...ids, keyId } };
};

/** An app that was removed long enough ago: none of its requests is in progress. */
const leftApp: Prepare = async (world, spec) => {
  const { ids = {} } = await app(world, spec);
  await world.admin('DELETE', `/v1/admin/apps/${ids['id'] ?? ''}`);
  await sqlAsOwner(world, `update apps set deleted_at = now() - interval '2 min' where id = $1`, [
    bareId(ids['id'] ?? ''),
  ]);
  return { ids };
};

const erasedApp: Prepare = async (world, spec) => {
  const { ids = {} } = await leftApp(world, spec);
  await world.admin('POST', `/v1/admin/apps/${ids['id'] ?? ''}/erase`);
  return { ids };
};

/** A top-up that is not sent before the request is done. */
const unsent: Prepare = async (world) => {
  await world.admin('POST', '/v1/admin/providers/latcom/pause', { reason: 'nothing shall be sent' });
  const waiting = await buy(world, '5537680002', 'wait=0');
  return { ids: { id: waiting }, after: () => world.admin('POST', '/v1/admin/providers/latcom/resume') };
};

const parked: Prepare = async (world, spec) => {
  const prepared = await unsent(world, spec);
  const values = [bareId(prepared.ids?.['id'] ?? '')];
  await sqlAsOwner(world, `update transactions set parked = true, due_at = null where id = $1`, values);
  return prepared;
};

const processing = id((world) =>
  made(
    world.call('POST', '/v1/accruals', accrual({ member: { ffn: MAGIC.latamPass.finalAfterOneMinute } }), {
      prefer: 'wait=1',
    }),
    'id',
  ),
);

const proposed: Prepare = async (world, spec) => {
  const { ids = {} } = await unknown(world, spec);
  const body = { outcome: 'failed', evidence: 'their mail', reason: 'not delivered' };
  await world.admin('POST', `/v1/admin/transactions/${ids['id'] ?? ''}/resolve`, body);
  return { ids };
};

/** A break: LATCOM's statement has the purchase with another amount. */
const broken: Prepare = async (world, spec) => {
  const { ids = {} } = await bought(world, spec);
  const brk = `brk_${bareId(ids['id'] ?? '').replace(/^.{8}/, '019aa3f0')}`;
  const record = {
    line: 2,
    id: bareId(ids['id'] ?? ''),
    succeeded: true,
    amount: '2000',
    unit: 'MXN',
    at: releaseAt(),
  };
  await sqlAsOwner(
    world,
    `insert into breaks (id, class, provider, transaction_id, record_key, provider_record, amount, unit)
     values ($1, 'amount_mismatch', 'latcom', $2, $3, $4, 1000, 'MXN')`,
    [bareId(brk), bareId(ids['id'] ?? ''), brk, record],
  );
  return { ids: { id: brk } };
};

const correctable: Prepare = async (world, spec) => {
  const { ids = {} } = await broken(world, spec);
  const body = { resolution: 'correct', reason: 'they stand by their amount' };
  await world.admin('POST', `/v1/admin/breaks/${ids['id'] ?? ''}/resolve`, body);
  return { ids };
};

const notified = id(async (world) => {
  const body = { nonAirAccrual: { status: 'PROCESSED' }, trace: { correlationId: unique('orphan') } };
  await world.gateway().request('POST', '/v1/providers/latam-pass/notifications', { auth: world.notifier, body });
  const orphans = await eventually(
    15_000,
    () => world.admin('GET', '/v1/admin/notifications?state=orphan'),
    (answer) => JSON.stringify(answer.body).includes('ntf_'),
  );
  return textAt(orphans.body, 'data', 0, 'id');
});

const tokenizable: Prepare = async (world, spec) => {
  const keys = await world.call('GET', '/v1/cards/encryption-keys');
  const card = JSON.stringify({ CardNumber: '4111111111111111', CardExpiry: '12/29', NameOnCard: 'ANA', Cvv: '123' });
  const encryptedValue = encryptCard(
    { kty: 'RSA', n: textAt(keys.body, 'keys', 0, 'n'), e: textAt(keys.body, 'keys', 0, 'e') },
    card,
  );
  return { body: { ...Object(exampleBody(spec)), encryptedValue } };
};

const ownPassword: Prepare = async (world, spec) => ({
  as: (await createOperator(world, 'viewer')).auth,
  body: { ...Object(exampleBody(spec)), currentPassword: PASSWORD },
});

/** Resumes the provider afterwards, so that the pause does not affect the other routes. */
const paused: Prepare = (world) =>
  Promise.resolve({
    ids: { name: 'latcom' },
    after: () => world.admin('POST', '/v1/admin/providers/latcom/resume'),
  });

const told = id(async (world) => {
  const heldId = await made(world.call('POST', '/v1/accruals', accrual({ releaseAt: releaseAt() })), 'id');
  const feed = await eventually(
    15_000,
    () => world.call('GET', '/v1/events?limit=100'),
    (answer) => JSON.stringify(answer.body).includes(heldId),
  );
  return textAt(feed.body, 'data', 0, 'id');
});

const endpointBody = (): object => ({ url: `https://${unique('partner').toLowerCase()}.example/webhooks` });

/** Deletes the endpoint afterwards, because an app has at most ten. */
const endpoint: Prepare = async (world) => {
  const endpointId = await made(world.call('POST', '/v1/webhook-endpoints', endpointBody()), 'id');
  return {
    ids: { id: endpointId },
    after: () => world.call('DELETE', `/v1/webhook-endpoints/${endpointId}`),
  };
};

/** A delivery that has ended. */
const delivery: Prepare = async (world, spec) => {
  const { ids = {}, ...made } = await endpoint(world, spec);
  const deliveryId = bareId(ids['id'] ?? '').replace(/^.{8}/, '019aa3f1');
  await sqlAsOwner(
    world,
    `insert into webhook_deliveries (endpoint_id, transaction_id, seq, id, app_id, event_id, type, state, due_at, ended_at,
       delivered_at)
     select id, $2, 1, $2, app_id, $2, 'transaction.succeeded', 'delivered', null, now(), now()
     from webhook_endpoints where id = $1`,
    [bareId(ids['id'] ?? ''), deliveryId],
  );
  return { ...made, ids: { id: `whd_${deliveryId}` } };
};

const replay: Prepare = async (world, spec) => {
  const { ids = {}, ...prepared } = await endpoint(world, spec);
  const path = `/v1/webhook-endpoints/${ids['id'] ?? ''}/replay`;
  const replayId = await made(world.call('POST', path, { from: new Date().toISOString() }), 'id');
  return { ...prepared, ids: { id: replayId } };
};

/** An endpoint of the operators; deleted afterwards, because there are at most ten. */
const watching: Prepare = async (world) => {
  const path = '/v1/admin/webhook-endpoints';
  const endpointId = await made(world.admin('POST', path, endpointBody()), 'id');
  return { ids: { id: endpointId }, after: () => world.admin('DELETE', `${path}/${endpointId}`) };
};

/** How to create the object that a path names, by the beginning of the path up to its first parameter. */
const USUAL: Readonly<Record<string, Prepare>> = {
  '/v1/accruals/{id}': held,
  '/v1/transactions/{id}': held,
  '/v1/topups/{id}': bought,
  '/v1/events/{id}': told,
  '/v1/webhook-endpoints/{id}': endpoint,
  '/v1/webhook-deliveries/{id}': delivery,
  '/v1/webhook-replays/{id}': replay,
  '/v1/passes/{passId}': issued,
  '/v1/admin/apps/{id}': app,
  '/v1/admin/breaks/{id}': broken,
  '/v1/admin/notifications/{id}': notified,
  '/v1/admin/operators/{id}': person,
  '/v1/admin/plans/{planId}': plan,
  '/v1/admin/products/{productId}': product,
  '/v1/admin/providers/{name}': () => Promise.resolve({ ids: { name: 'latcom' } }),
  '/v1/admin/reconciliations/{id}': run,
  '/v1/admin/transactions/{id}': held,
  '/v1/admin/webhook-endpoints/{id}': watching,
  '/v1/admin/webhook-replays/{id}': replay,
};

/** Routes that require a certain state of the object, or a body that cannot be made from the document. */
const SPECIAL: Readonly<Record<string, Prepare>> = {
  'POST /v1/topups/{id}/cancel': unsent,
  'POST /v1/cards/tokenize': tokenizable,
  'POST /v1/admin/webhook-endpoints': async () => ({ body: endpointBody() }),
  'PATCH /v1/admin/webhook-endpoints/{id}': async (world, spec) => ({
    ...(await watching(world, spec)),
    body: { description: 'Pager' },
  }),
  'POST /v1/admin/webhook-endpoints/{id}/replay': endpoint,
  'POST /v1/webhook-endpoints': async () => ({ body: endpointBody() }),
  'PATCH /v1/webhook-endpoints/{id}': async (world, spec) => ({
    ...(await endpoint(world, spec)),
    body: endpointBody(),
  }),
  'POST /v1/admin/providers/{name}/pause': paused,
  'DELETE /v1/admin/apps/{id}/keys/{keyId}': key,
  'POST /v1/admin/apps/{id}/keys/{keyId}/rotate': key,
  'POST /v1/admin/apps/{id}/erase': leftApp,
  'GET /v1/admin/apps/{id}/erasure': erasedApp,
  'POST /v1/admin/breaks/{id}/approve': correctable,
  'POST /v1/admin/breaks/{id}/reject': correctable,
  'POST /v1/admin/operators/me/password': ownPassword,
  'POST /v1/admin/transactions/{id}/approve': proposed,
  'POST /v1/admin/transactions/{id}/reject': proposed,
  'POST /v1/admin/transactions/{id}/block': bought,
  'POST /v1/admin/transactions/{id}/erase': bought,
  'POST /v1/admin/transactions/{id}/refresh': processing,
  'POST /v1/admin/transactions/{id}/resolve': unknown,
  'POST /v1/admin/transactions/{id}/retry': parked,
  'POST /v1/providers/{provider}/notifications': async () => ({ ids: { provider: 'latam-pass' } }),
};

/**
 * Prepares a request that succeeds. Without an entry, the id for `/some/path/{id}` comes from the documented example of
 * `POST /some/path`.
 */
export async function prepare(world: World, { method, path, spec }: Operation): Promise<AuthorizedRequest> {
  const start = /^[^{]*\{\w+\}/.exec(path)?.[0] ?? '';
  const special = SPECIAL[`${method} ${path}`] ?? USUAL[start] ?? madeByExample(start);
  return special ? special(world, spec) : NOBODY;
}

function madeByExample(start: string): Prepare | undefined {
  const maker = operations().find(
    (one) => one.method === 'POST' && one.caller === 'partner' && `${one.path}/{id}` === start,
  );
  if (!maker) return undefined;
  const body = { ...Object(exampleBody(maker.spec)), reference: unique('made') };
  return id((world) => made(world.call('POST', maker.path, body), 'id'));
}

/** The path with its parameters filled in. @throws Error for a parameter without an id */
export function fill({ method, path }: Operation, ids: Readonly<Record<string, string>> = {}): string {
  return path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => {
    const value = ids[name];
    if (value === undefined)
      throw new Error(`nothing says what {${name}} of ${method} ${path} is: add it to authorized-callers.ts`);
    return value;
  });
}
