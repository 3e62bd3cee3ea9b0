import { setTimeout as sleep } from 'node:timers/promises';
import { startGateway } from '../../support/gateway.js';
import { at, textAt } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { MAGIC } from '../../support/magic.js';
import { metric } from '../../support/metrics.js';
import { sql } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { accrual, startWorld, topup, type World } from '../../support/world.js';

let world: World;

beforeAll(async () => {
  world = await startWorld({ gateway: { LATCOM_TIMEOUT_MS: '1500' } });
}, 60_000);

const OPEN = `('scheduled', 'pending', 'processing', 'unknown')`;

/** The differences between the maintained sums and counted rows, in one snapshot. */
const DIFFERENCES = `
with counted as (
  select provider, type, status, parked, open_since(status, release_at, created_at) as since, count(*) as count
  from transactions where status in ${OPEN} group by 1, 2, 3, 4, 5
), summed as (
  select provider, type, status, parked, since, sum(count) as count from (
    select * from open_counts union all select * from open_count_changes) c
  group by 1, 2, 3, 4, 5 having sum(count) <> 0
)
(select 'rows' as side, * from counted except all select 'rows', * from summed)
union all (select 'sums', * from summed except all select 'sums', * from counted)`;

const differences = (): Promise<unknown[]> => sql(world, DIFFERENCES);

async function folded(): Promise<void> {
  await eventually(
    15_000,
    async () => (await sql(world, 'select from open_count_changes')).length,
    (left) => left === 0,
  );
}

/** Repeats the request until it is answered, like a partner. */
async function submit(path: string, body: object): Promise<string> {
  const key = unique('key');
  for (;;) {
    const headers = { 'idempotency-key': key, prefer: 'wait=0' };
    const answer = await world.call('POST', path, body, headers).catch(() => null);
    if (answer && answer.status < 300) return textAt(answer.body, 'id');
    if (answer && answer.status !== 503) throw new Error(JSON.stringify(answer.body));
    await sleep(50);
  }
}

const later = (): string => new Date(Date.now() + 3_600_000).toISOString();
const ORDERS: readonly (() => readonly [path: string, body: object])[] = [
  () => ['/v1/accruals', accrual()],
  () => ['/v1/accruals', accrual({ releaseAt: later() })],
  // An accrual that is final after a minute, and an ordinary top-up.
  () => ['/v1/accruals', accrual({ member: { ffn: MAGIC.latamPass.finalAfterOneMinute } })],
  () => ['/v1/topups', topup()],
  // A top-up that is executed but not answered, and one that is refused.
  () => ['/v1/topups', topup({ phoneNumber: MAGIC.latcom.executedAnswerLost })],
  () => ['/v1/topups', topup({ phoneNumber: MAGIC.latcom.declinedNotAuthorized })],
];

it('the sums of open transactions equal their rows at every moment, with two instances and after a kill', async () => {
  const another = await startGateway({ databaseUrl: world.database.url, env: world.env });
  const watch = { isOver: false };
  const watching = (async (): Promise<number> => {
    let looks = 0;
    for (; !watch.isOver; looks += 1) {
      expect(await differences()).toEqual([]);
      await sleep(30);
    }
    return looks;
  })();
  // A failed comparison is reported at the end. This handler prevents an unhandled rejection until then.
  watching.catch(() => undefined);
  const orders = Array.from({ length: 20 }, () => ORDERS.map((make) => make())).flat();
  const submitting = (async (): Promise<void> => {
    for (let next = 0; next < orders.length; next += 12) {
      await Promise.all(orders.slice(next, next + 12).map(([path, body]) => submit(path, body)));
    }
  })();
  await sleep(700);
  await world.crash();
  await submitting;
  await sql(world, `update transactions set release_at = now(), due_at = now() where status = 'scheduled'`);
  await eventually(
    30_000,
    () => sql(world, `select from transactions where status = 'scheduled'`),
    (rows) => rows.length === 0,
  );
  await folded();
  watch.isOver = true;
  expect(await watching).toBeGreaterThan(10);
  expect(await differences()).toEqual([]);
  await another.stop();
}, 90_000);

it('operators and alarms see the sums of open transactions', async () => {
  const unknown = (): Promise<string> => submit('/v1/topups', topup({ phoneNumber: MAGIC.latcom.executedAnswerLost }));
  await Promise.all(Array.from({ length: 20 }, unknown));
  await eventually(
    30_000,
    () => sql(world, `select from transactions where provider = 'latcom' and status = 'pending'`),
    (rows) => rows.length === 0,
  );
  const [counted] = await sql(world, `select count(*)::int as n from transactions where status = 'unknown'`);
  expect(counted?.['n']).toBeGreaterThanOrEqual(20);
  const health = await world.admin('GET', '/v1/admin/providers');
  const providers = at(health.body, 'data');
  const latcom = Array.isArray(providers) ? providers.find((one) => at(one, 'name') === 'latcom') : undefined;
  expect(at(latcom, 'queue')).toEqual({ unknown: counted?.['n'] });
  await eventually(
    15_000,
    () => metric(world, 'gateway_unknown_transactions{provider="latcom"}'),
    (shown) => shown === counted?.['n'],
  );
});

it('the sums of open transactions follow every change of rows, including changes of many rows', async () => {
  const id = bareId(await submit('/v1/accruals', accrual({ member: { ffn: MAGIC.latamPass.finalAfterOneMinute } })));
  await sql(world, `update transactions set parked = true where status = 'unknown'`);
  await sql(world, `update transactions set created_at = created_at - interval '30 days' where id = $1`, [id]);
  expect(await differences()).toEqual([]);
  await sql(world, `update transactions set status = 'canceled', completed_at = now() where status in ${OPEN}`);
  expect(await differences()).toEqual([]);
  await sql(world, `delete from transactions where id = $1`, [id]);
  expect(await differences()).toEqual([]);
  await folded();
  const [left] = await eventually(
    15_000,
    () => sql(world, 'select coalesce(sum(count), 0)::int as n, count(*)::int as hours from open_counts'),
    ([row]) => row?.['hours'] === 0,
  );
  expect(left?.['n']).toBe(0);
});
