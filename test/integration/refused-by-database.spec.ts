import fastify from 'fastify';
import { DatabaseError } from 'pg';
import { TrustedProxies } from '../../src/api/client-address.js';
import { Lifecycle } from '../../src/api/lifecycle.js';
import { answerProblem } from '../../src/api/problem.filter.js';
import { addRequestHooks } from '../../src/api/request-hooks.js';
import { registry } from '../../src/common/metrics.js';

async function alarmsRaised(): Promise<number> {
  const shown = await registry.metrics();
  return Number(/^gateway_alarms_total\{kind="input_refused_by_database"\} (\d+)$/m.exec(shown)?.[1]);
}

async function answerTo(sqlState: string): Promise<{ status: number; alarms: number; code: unknown }> {
  const server = fastify();
  addRequestHooks(server, new Lifecycle(), new TrustedProxies([]));
  server.setErrorHandler(answerProblem);
  server.get('/', () => {
    const error = new DatabaseError('a value, which must not be shown', 0, 'error');
    error.code = sqlState;
    throw error;
  });
  const before = await alarmsRaised();
  const answer = await server.inject({ method: 'GET', url: '/' });
  await server.close();
  expect(answer.body).not.toContain('must not be shown');
  const alarms = (await alarmsRaised()) - before;
  return { status: answer.statusCode, alarms, code: answer.json<{ code: unknown }>().code };
}

it.each(['22021', '22P05', '22003', '22007', '22008', '22P02'])(
  'a value that only the database refuses (SQLSTATE %s) is answered 400 and raises an alarm',
  async (sqlState) => {
    expect(await answerTo(sqlState)).toEqual({ status: 400, alarms: 1, code: 'validation_failed' });
  },
);

it.each(['42P01', '23505', '22012'])(
  'another refusal by the database (SQLSTATE %s) is an internal error',
  async (sqlState) => {
    expect(await answerTo(sqlState)).toEqual({ status: 500, alarms: 0, code: 'internal_error' });
  },
);
