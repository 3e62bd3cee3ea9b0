import { request, type ClientRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { newUuid } from '../../../src/common/ids.js';
import { ADMIN } from '../../support/gateway.js';
import { at, basicAuth, textAt } from '../../support/http.js';
import { bareId } from '../../support/ids.js';
import { sql } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { startWorld, type World } from '../../support/world.js';

const HEADER = 'distributor_transaction_id,status,amount,currency,date\n';
const BOUNDARY = 'x-boundary-x';
const REQUEST_TIMEOUT_MS = 1_000;
let world: World;

beforeAll(async () => {
  world = await startWorld({ gateway: { REQUEST_TIMEOUT_MS: String(REQUEST_TIMEOUT_MS) } });
}, 60_000);

function open(path: string, type: string): ClientRequest {
  return request(`${world.gateway().url}${path}`, {
    method: 'POST',
    headers: { authorization: basicAuth(ADMIN), 'content-type': type },
  });
}

interface Sending {
  readonly sent: ClientRequest;
  /** Status and body of the answer; status 0 when the connection was closed without one. */
  readonly answer: Promise<{ status: number; body: unknown }>;
}

function begin(path: string, type: string): Sending {
  const sent = open(path, type);
  const answer = new Promise<{ status: number; body: unknown }>((resolve) => {
    sent.on('error', () => resolve({ status: 0, body: null }));
    sent.on('response', (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
    });
  });
  return { sent, answer };
}

function beginStatement(): Sending {
  const sending = begin('/v1/admin/reconciliations', `multipart/form-data; boundary=${BOUNDARY}`);
  const field = (name: string, value: string): string =>
    `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const file = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="s.csv"\r\n\r\n${HEADER}`;
  sending.sent.write(field('provider', 'latcom') + field('kind', 'statement') + file);
  return sending;
}

const END = `\r\n--${BOUNDARY}--\r\n`;
const line = (id = newUuid()): string => `${id},SUCCESS,10.00,MXN,2026-01-15T12:00:00Z\n`;

/** Sends pieces of text for several times the request timeout. */
async function drip({ sent }: Sending, text: () => string): Promise<void> {
  for (let count = 0; count < 40 && !sent.destroyed; count += 1) {
    sent.write(text());
    await sleep(REQUEST_TIMEOUT_MS / 10);
  }
}

const runs = async (): Promise<unknown> => at((await world.admin('GET', '/v1/admin/reconciliations')).body, 'data');

it('a statement is accepted while its data flow, and other bodies are refused', async () => {
  const [statement, other] = [beginStatement(), begin('/v1/admin/apps', 'application/json')];
  await Promise.all([drip(statement, line), drip(other, () => ' ')]);
  statement.sent.end(END);
  expect(await statement.answer).toMatchObject({
    status: 202,
    body: { status: 'completed', lines: 40, counts: { missing_in_ledger: 40 } },
  });
  expect([0, 408]).toContain((await other.answer).status);
}, 30_000);

it('the progress of an upload is shown, and nothing of an interrupted upload is kept', async () => {
  const statement = beginStatement();
  for (let count = 0; count < 30_000; count += 1) statement.sent.write(line());
  const [running] = await eventually(
    20_000,
    async () => [at(await runs(), 0)],
    ([run]) => at(run, 'status') === 'running' && Number(at(run, 'lines')) > 0,
  );
  statement.sent.destroy();
  const id = textAt(running, 'id');
  const failed = await eventually(
    20_000,
    () => world.admin('GET', `/v1/admin/reconciliations/${id}`),
    (run) => at(run.body, 'status') === 'failed',
  );
  expect(failed.body).toMatchObject({ failure: 'the upload was interrupted' });
  expect(await sql(world, `select from breaks where run_id = $1`, [bareId(id)])).toEqual([]);
}, 60_000);

it('an upload that died with its instance is forgotten, and the same file is accepted again', async () => {
  const lines = Array.from({ length: 100 }, () => line()).join('');
  const first = beginStatement();
  first.sent.write(lines);
  const running = await eventually(
    20_000,
    async () => at(await runs(), 0),
    (run) => at(run, 'status') === 'running',
  );
  await world.crash();
  expect((await first.answer).status).toBe(0);
  const again = beginStatement();
  again.sent.end(lines + END);
  expect(await again.answer).toMatchObject({ status: 202, body: { counts: { missing_in_ledger: 100 } } });
  // Ends the lease of the upload at once.
  await sql(world, `update reconciliations set lease_until = now() where status = 'uploading'`);
  const dead = await eventually(
    20_000,
    () => world.admin('GET', `/v1/admin/reconciliations/${textAt(running, 'id')}`),
    (run) => at(run.body, 'status') === 'failed',
  );
  expect(at(dead.body, 'failure')).toContain('Send the statement again');
}, 60_000);

it('a file sent twice at the same time is compared once', async () => {
  const lines = Array.from({ length: 100 }, () => line()).join('');
  const both = [beginStatement(), beginStatement()];
  for (const { sent } of both) sent.end(lines + END);
  const [one, other] = await Promise.all(both.map(({ answer }) => answer));
  expect(one).toMatchObject({ status: 202, body: { counts: { missing_in_ledger: 100 } } });
  expect(other).toEqual(one);
}, 30_000);

it('a limited number of statements is read at once, and further ones are refused for a while', async () => {
  const open = Array.from({ length: 4 }, () => beginStatement());
  await eventually(
    20_000,
    async () => (await sql(world, `select count(*)::int as count from reconciliations where status = 'uploading'`))[0],
    (row) => row?.['count'] === 4,
  );
  const fifth = beginStatement();
  fifth.sent.end(END);
  expect(await fifth.answer).toMatchObject({ status: 503, body: { code: 'overloaded', retryable: true } });
  for (const { sent } of open) sent.end(line() + END);
  expect(await Promise.all(open.map(async ({ answer }) => (await answer).status))).toEqual([202, 202, 202, 202]);
}, 30_000);
