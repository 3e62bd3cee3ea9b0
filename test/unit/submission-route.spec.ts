import fastify from 'fastify';
import { routeOf } from '../../src/operations/intake/as-submission.decorator.js';

it.each([
  ['POST', '/v1/topups', '/v1/topups', 'POST /v1/topups'],
  ['POST', '/v1/topups', '/v1/topups?unknown=1', 'POST /v1/topups'],
  ['PATCH', '/v1/passes/:passId', '/v1/passes/pass_0199', 'PATCH /v1/passes/pass_0199'],
  ['POST', '/v1/passes/:passId/cancel', '/v1/passes/p%61ss_0199/cancel', 'POST /v1/passes/pass_0199/cancel'],
] as const)('%s %s: the fingerprint of a request uses its decoded path', async (method, path, url, route) => {
  const server = fastify();
  server.route({ method, url: path, handler: (request) => routeOf(request) });
  const { body } = await server.inject({ method, url });
  await server.close();
  expect(body).toBe(route);
});
