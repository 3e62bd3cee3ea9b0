import { at, textAt } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { exampleBody, openApi, operations } from '../../support/openapi.js';
import { startWorld, type World } from '../../support/world.js';

/* Sends the examples that Swagger UI shows. A newcomer who presses "Execute" must not be refused. */

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

const exampleOf = (path: string): unknown => exampleBody(at(openApi, 'paths', path, 'post'));

/** Sends the documented example with its documented key. */
async function execute(path: string): Promise<void> {
  const parameters = at(openApi, 'paths', path, 'post', 'parameters');
  if (!Array.isArray(parameters)) throw new Error('no parameters');
  const header = parameters.find((one) => at(one, 'name') === 'Idempotency-Key');
  const key = String(at(header, 'schema', 'example'));
  const answer = await world.call('POST', path, exampleOf(path), { 'idempotency-key': key, prefer: 'wait=15' });
  expect(answer.body).toMatchObject({ status: 'succeeded' });
}

const TRANSACTION = '#/components/schemas/TransactionDto';
/** Every path whose POST makes one transaction from a body, without path parameters. */
const SUBMISSIONS = operations()
  .filter(({ method, path, spec }) => {
    const made = at(spec, 'responses', '201', 'content', 'application/json', 'schema', '$ref');
    return method === 'POST' && !path.includes('{') && made === TRANSACTION;
  })
  .map(({ path }) => path);
const FIRST = SUBMISSIONS.filter((path) => !SUBMISSIONS.some((other) => path.startsWith(`${other}/`)));

it('the document has submissions', () => {
  expect(FIRST).toEqual(expect.arrayContaining(['/v1/accruals', '/v1/cobranded', '/v1/passes', '/v1/topups']));
});

it.each(FIRST)('POST %s and the submissions below it accept their documented examples', async (path) => {
  // Paths below this one act on the transaction that its example made.
  for (const one of SUBMISSIONS.filter((other) => other === path || other.startsWith(`${path}/`))) await execute(one);
});

it('POST /v1/members/search accepts its documented example', async () => {
  expect(await world.call('POST', '/v1/members/search', exampleOf('/v1/members/search'))).toMatchObject({
    status: 200,
  });
});

it.each([
  '/v1/admin/apps',
  '/v1/admin/operators',
  '/v1/admin/plans',
  '/v1/admin/products',
  '/v1/admin/webhook-endpoints',
])('POST %s accepts its documented example', async (path) => {
  expect(await world.admin('POST', path, exampleOf(path))).toMatchObject({ status: 201 });
});

it('POST /v1/admin/providers/{name}/pause accepts its documented example', async () => {
  const body = exampleOf('/v1/admin/providers/{name}/pause');
  expect(await world.admin('POST', '/v1/admin/providers/latcom/pause', body)).toMatchObject({ status: 200 });
  await world.admin('POST', '/v1/admin/providers/latcom/resume');
});

const OF_ENDPOINTS = operations().filter(
  ({ method, path }) => /^POST|PATCH$/.test(method) && path.startsWith('/v1/webhook-endpoints'),
);

it.each(OF_ENDPOINTS.map(({ method, path }) => [method, path]))(
  '%s %s accepts its documented example, of an endpoint that exists',
  async (method, path) => {
    const made = await world.call('POST', '/v1/webhook-endpoints', { url: `https://${unique('host')}.example/hook` });
    const id = textAt(made.body, 'id');
    const body = exampleBody(at(openApi, 'paths', path, method.toLowerCase()));
    const answer = await world.call(method, path.replace('{id}', id), body);
    expect([path, answer.body, answer.status < 300]).toEqual([path, answer.body, true]);
    // A second endpoint with the example's URL would be refused.
    for (const one of [id, String(at(answer.body, 'id'))]) await world.call('DELETE', `/v1/webhook-endpoints/${one}`);
  },
);

it('the gateway serves every documented route', async () => {
  const paths = at(openApi, 'paths');
  if (typeof paths !== 'object' || paths === null) throw new Error('no paths');
  expect(Object.keys(paths).length).toBeGreaterThan(25);
  for (const path of Object.keys(paths)) {
    const filled = path.replace('{name}', 'latcom').replaceAll(/\{\w+\}/g, unique('none'));
    const answer = await world.gateway().request('OPTIONS', filled);
    // A method that is not served: 405 for a path with a route, 404 for one without.
    expect([path, answer.status]).toEqual([path, 405]);
  }
  expect((await world.gateway().request('OPTIONS', '/v1/nothing')).status).toBe(404);
});
