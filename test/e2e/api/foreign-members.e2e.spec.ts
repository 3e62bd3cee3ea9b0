import { ADMIN } from '../../support/gateway.js';
import { at, type Answer, type Credentials } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { exampleBody, operations, type Operation } from '../../support/openapi.js';
import { startWorld, type World } from '../../support/world.js';

/* Every route, also a new one, refuses undocumented members without a 500. */

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

const ALL = operations();
const WITH_BODY = ALL.filter(({ spec }) => at(spec, 'requestBody', 'content', 'application/json') !== undefined);
/** This route returns 200 with the problems. latcom.e2e.spec.ts tests it. */
const VALIDATES = '/v1/topups/validate';
const BODIES = WITH_BODY.filter(({ caller, path }) => /partner|operator/.test(caller) && path !== VALIDATES);
const READS = ALL.filter(({ method, caller }) => method === 'GET' && (caller === 'partner' || caller === 'operator'));

/** Sends a request whose path may name a missing object, because the body is validated first. */
async function send(operation: Operation, body: string | undefined, query = ''): Promise<Answer> {
  const auth: Credentials = operation.caller === 'operator' ? ADMIN : world.partner;
  const path = operation.path.replace('{name}', 'latcom').replaceAll(/\{\w+\}/g, unique('none'));
  const headers = { 'idempotency-key': unique('key'), prefer: 'wait=0', 'content-type': 'application/json' };
  const options = body === undefined ? { auth } : { auth, body, headers };
  return world.gateway().request(operation.method, path + query, options);
}

const named = (list: readonly Operation[]): [string, Operation][] =>
  list.map((one) => [`${one.method} ${one.path}`, one]);

/** The body with a NUL, which PostgreSQL cannot store, at the end of every text. */
function withNul(value: unknown): unknown {
  if (typeof value === 'string') return `${value}\u0000`;
  if (Array.isArray(value)) return value.map(withNul);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withNul(member)]));
}

it.each(named(BODIES))('%s refuses unknown members', async (_name, operation) => {
  const body = JSON.stringify(exampleBody(operation.spec) ?? {});
  for (const member of ['partnerId', 'balance', 'appId', 'isAdmin', 'constructor', '__proto__', 'toString']) {
    const foreign = body.replace(/^\{/, `{"${member}":{"polluted":true}${body === '{}' ? '' : ','}`);
    const answer = await send(operation, foreign);
    expect([member, answer.status, at(answer.body, 'code')]).toEqual([member, 400, 'validation_failed']);
  }
  expect(Object.keys(Object.prototype)).toEqual([]);
});

it.each(named(BODIES))('%s refuses a body that is no object or contains NUL', async (_name, operation) => {
  const nul = JSON.stringify(withNul(exampleBody(operation.spec) ?? {}));
  for (const body of ['null', '[]', '"x"', '1', 'true', '[{}]', '{', nul]) {
    const answer = await send(operation, body);
    // Skips bodies without a text, because they contain no NUL and may be valid.
    if (body === nul && !body.includes('\\u0000')) continue;
    expect([body, Math.floor(answer.status / 100), answer.status]).toEqual([body, 4, answer.status]);
  }
});

it.each(named(READS))('%s refuses unknown and repeated query parameters', async (_name, operation) => {
  const parameters: unknown = at(operation.spec, 'parameters');
  const isQuery = JSON.stringify(parameters ?? []).includes('"in":"query"');
  for (const query of [
    '?limit=5&limit=6',
    '?cursor=%00',
    '?reference=%00',
    '?limit=1e3',
    '?limit=-1',
    '?__proto__=1',
  ]) {
    const answer = await send(operation, undefined, query);
    // A route without query parameters ignores them, but refuses one that is given twice.
    const mayPass = !isQuery && !query.includes('&');
    expect([query, (mayPass ? [200, 400, 404] : [400]).includes(answer.status), answer.status]).toEqual([
      query,
      true,
      answer.status,
    ]);
  }
});
