import { at } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { exampleBody, openApi, operations } from '../../support/openapi.js';
import { startWorld, type World } from '../../support/world.js';

/* What Swagger UI offers to send, sent: a newcomer who presses "Execute" must not be refused. */

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

const exampleOf = (path: string): unknown => exampleBody(at(openApi, 'paths', path, 'post'));

/** As the document shows the request, with its own key. */
async function execute(path: string): Promise<void> {
  const parameters = at(openApi, 'paths', path, 'post', 'parameters');
  if (!Array.isArray(parameters)) throw new Error('no parameters');
  const header = parameters.find((one) => at(one, 'name') === 'Idempotency-Key');
  const key = String(at(header, 'schema', 'example'));
  const answer = await world.call('POST', path, exampleOf(path), { 'idempotency-key': key, prefer: 'wait=15' });
  expect(answer.body).toMatchObject({ status: 'succeeded' });
}

/** Every operation that makes one transaction out of its body alone, as the document lists them. */
const SUBMISSIONS = operations().filter(
  ({ method, path, spec }) =>
    method === 'POST' &&
    !path.includes('{') &&
    JSON.stringify(at(spec, 'parameters')).includes('"Idempotency-Key"') &&
    at(spec, 'responses', '201', 'content', 'application/json', 'schema', '$ref') ===
      '#/components/schemas/TransactionDto',
);

it('knows the submissions from the document', () => {
  expect(SUBMISSIONS.length).toBeGreaterThanOrEqual(5);
});

it.each(SUBMISSIONS.map(({ path }) => path).filter((path) => !path.startsWith('/v1/cobranded')))(
  'POST %s accepts its documented example',
  execute,
);

it('POST /v1/cobranded and POST /v1/cobranded/end accept their documented examples, in this order', async () => {
  await execute('/v1/cobranded');
  await execute('/v1/cobranded/end');
});

it('POST /v1/members/search accepts its documented example', async () => {
  expect(await world.call('POST', '/v1/members/search', exampleOf('/v1/members/search'))).toMatchObject({
    status: 200,
  });
});

it.each(['/v1/admin/apps', '/v1/admin/operators', '/v1/admin/plans', '/v1/admin/products'])(
  'POST %s accepts its documented example',
  async (path) => {
    expect(await world.admin('POST', path, exampleOf(path))).toMatchObject({ status: 201 });
  },
);

it('POST /v1/admin/providers/{name}/pause accepts its documented example', async () => {
  const body = exampleOf('/v1/admin/providers/{name}/pause');
  expect(await world.admin('POST', '/v1/admin/providers/latcom/pause', body)).toMatchObject({ status: 200 });
  await world.admin('POST', '/v1/admin/providers/latcom/resume');
});

it('the gateway serves every documented route', async () => {
  const paths = at(openApi, 'paths');
  if (typeof paths !== 'object' || paths === null) throw new Error('no paths');
  expect(Object.keys(paths).length).toBeGreaterThan(25);
  for (const path of Object.keys(paths)) {
    const filled = path.replace('{name}', 'latcom').replaceAll(/\{\w+\}/g, unique('none'));
    const answer = await world.gateway().request('OPTIONS', filled);
    // Another method than those that are served: 405 where there is a route, 404 where there is none.
    expect([path, answer.status]).toEqual([path, 405]);
  }
  expect((await world.gateway().request('OPTIONS', '/v1/nothing')).status).toBe(404);
});
