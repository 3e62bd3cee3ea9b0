import { ADMIN, startGateway } from '../../support/gateway.js';
import { at, basicAuth, textAt } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { sql } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { startWorld, topup, type World } from '../../support/world.js';

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

/** The last nightly runs were three days ago, so a gateway that starts now must make up for missed nights. */
async function missNights(): Promise<void> {
  await sql(world, `delete from reconciliations where created_by = 'gateway'`);
  await sql(
    world,
    `insert into reconciliations (id, provider, kind, status, from_at, to_at, created_by, created_at)
     select gen_random_uuid(), 'latam-pass', 'status', 'completed', to_timestamp(0),
       date_trunc('day', now(), 'UTC') - interval '5 days', 'gateway', now() - interval '3 days'`,
  );
}

const runsOfSchedule = (): Promise<Record<string, unknown>[]> =>
  sql(
    world,
    `select provider, kind, count(*)::int as count, bool_and(status = 'completed') as completed from reconciliations
     where created_by = 'gateway' and created_at > now() - interval '1 day' group by 1, 2 order by 1, 2`,
  );

async function statement(line: string): Promise<string> {
  const form = new FormData();
  form.set('provider', 'latcom');
  form.set('kind', 'statement');
  form.set('file', new Blob([`distributor_transaction_id,status,amount,currency,date\n${line}`]), 'statement.csv');
  const headers = { authorization: basicAuth(ADMIN) };
  const answer = await fetch(`${world.gateway().url}/v1/admin/reconciliations`, {
    method: 'POST',
    headers,
    body: form,
  });
  const id = textAt(await answer.json(), 'id');
  await eventually(
    30_000,
    () => world.admin('GET', `/v1/admin/reconciliations/${id}`),
    (run) => at(run.body, 'status') === 'completed',
  );
  return id;
}

/** A top-up that LATCOM has not accepted yet, and a statement line with its result. */
async function mismatch(day: number, said: 'SUCCESS' | 'FAIL'): Promise<{ id: string; breakId: string }> {
  const { body } = await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=15' });
  const id = textAt(body, 'id');
  const when = new Date(Date.UTC(2026, 1, day, 12));
  await sql(
    world,
    `update transactions set status = 'pending', parked = true, completed_at = null, created_at = $2 where id = $1`,
    [bareId(id), when],
  );
  const run = await statement(`${bareId(id)},${said},10.00,MXN,${when.toISOString()}`);
  const found = await world.admin('GET', `/v1/admin/reconciliations/${run}/breaks`);
  expect(at(found.body, 'data')).toMatchObject([{ class: 'status_mismatch', nextCheckBy: 'nightly' }]);
  return { id, breakId: textAt(found.body, 'data', 0, 'id') };
}

it('a missed nightly reconciliation is run once, whichever instance starts', async () => {
  await missNights();
  const more = await Promise.all([0, 1].map(() => startGateway({ databaseUrl: world.database.url, env: world.env })));
  const done = await eventually(
    20_000,
    runsOfSchedule,
    (rows) => rows.length >= 2 && rows.every((row) => row['completed'] === true),
  );
  expect(done).toContainEqual({ provider: 'latam-pass', kind: 'status', count: 1, completed: true });
  expect(done).toContainEqual({ provider: 'latcom', kind: 'balance', count: 1, completed: true });
  expect(done.filter(({ count }) => count !== 1)).toEqual([]);
  await Promise.all(more.map((one) => one.stop()));
}, 60_000);

it('a nightly reconciliation closes a break whose transaction ended as the line says, and turns the opposite into a conflict', async () => {
  const [agreed, opposed] = [await mismatch(1, 'SUCCESS'), await mismatch(2, 'FAIL')];
  const read = (id: string): Promise<unknown> =>
    world.admin('GET', `/v1/admin/breaks/${id}`).then((answer) => answer.body);
  const nextCheck = Date.parse(textAt(await read(agreed.breakId), 'nextCheck'));
  expect(nextCheck - Date.now()).toBeGreaterThan(0);
  expect(nextCheck - Date.now()).toBeLessThanOrEqual(24 * 60 * 60_000);
  for (const { id } of [agreed, opposed]) {
    const body = { outcome: 'succeeded', evidence: unique('ticket'), reason: 'the provider says so' };
    expect((await world.admin('POST', `/v1/admin/transactions/${id}/resolve`, body)).status).toBe(200);
  }
  await missNights();
  await world.crash();
  expect(
    await eventually(
      20_000,
      () => read(agreed.breakId),
      (one) => at(one, 'status') === 'resolved',
    ),
  ).toMatchObject({
    resolution: 'settled',
    resolvedBy: 'gateway',
    nextCheck: null,
    nextCheckBy: null,
  });
  expect(
    await eventually(
      20_000,
      () => read(opposed.breakId),
      (one) => at(one, 'class') === 'status_conflict',
    ),
  ).toMatchObject({ status: 'open', detail: { is: 'succeeded' }, nextCheck: null, nextCheckBy: null });
}, 60_000);
