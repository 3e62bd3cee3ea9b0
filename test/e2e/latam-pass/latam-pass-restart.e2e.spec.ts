import { unique } from '../../support/ids.js';
import { sql } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { accrual, startWorld, type World } from '../../support/world.js';

const COUNT = 600;

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

/** Makes all open transactions due at once, including those with a lease of the killed gateway. */
async function allDue(): Promise<void> {
  await sql(world, `update transactions set due_at = now() where status = 'pending' and due_at is not null`);
}

it('after a restart, more due accruals than can start at once are all sent once', async () => {
  await world.sandbox.fault({
    provider: 'latam-pass',
    operation: 'accrual',
    fault: 'hang-after',
    probability: 0.5,
    seed: 7,
  });
  await Promise.all(
    Array.from({ length: COUNT }, () =>
      world.call('POST', '/v1/accruals', accrual({ reference: unique('restart') })).then((answer) => {
        expect(answer.status).toBe(202);
      }),
    ),
  );
  await world.gateway().kill();
  await fetch(`${world.sandbox.url}/_sandbox/faults`, { method: 'DELETE' });
  await allDue();
  await world.crash();
  await eventually(
    40_000,
    () => sql(world, `select status, count(*)::int as count from transactions group by status`),
    (rows) => rows.length === 1 && rows[0]?.['status'] === 'succeeded' && rows[0]['count'] === COUNT,
  );
  const effects = await world.sandbox.effects('latam-pass');
  expect(effects).toHaveLength(COUNT);
  expect(new Set(effects.map((effect) => effect['key'])).size).toBe(COUNT);
  expect(new Set(effects.map((effect) => effect['outcome']))).toEqual(new Set(['PROCESSED']));
}, 90_000);
