import { nextPollMs } from '../../../src/providers/latam-pass/accruals/accrual.operation.js';
import { accrualEffects, accrualOnce, transactionEvents } from '../../support/accruals.js';
import { at, textAt } from '../../support/http.js';
import { MAGIC } from '../../support/magic.js';
import { accrual, startWorld } from '../../support/world.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

describe('the status is asked for', () => {
  it.each([
    ['with notifications, only after a day', true, MINUTE_MS, 24 * HOUR_MS - MINUTE_MS, 24 * HOUR_MS - MINUTE_MS],
    ['with notifications, then every hour', true, 25 * HOUR_MS, HOUR_MS, HOUR_MS],
    ['without, first at 15 s', false, 0, 15 * SECOND_MS, 15 * SECOND_MS],
    ['without, then at 30 s', false, 15 * SECOND_MS, 15 * SECOND_MS, 15 * SECOND_MS],
    ['without, then at 60 s', false, 30 * SECOND_MS, 30 * SECOND_MS, 30 * SECOND_MS],
    ['without, then at growing distances with jitter', false, 10 * MINUTE_MS, 5 * MINUTE_MS, 10 * MINUTE_MS],
    ['without, at the latest every hour', false, 48 * HOUR_MS, 30 * MINUTE_MS, HOUR_MS],
  ])('%s', (_what, notified, ageMs, leastMs, mostMs) => {
    const operation = { startedAt: new Date(Date.now() - ageMs) };
    // Time passes between two readings of the clock.
    const slackMs = 100;
    expect(nextPollMs(notified, operation, () => 0)).toBeGreaterThanOrEqual(leastMs - slackMs);
    expect(nextPollMs(notified, operation, () => 0)).toBeLessThanOrEqual(leastMs + slackMs);
    expect(nextPollMs(notified, operation, () => 1)).toBeGreaterThanOrEqual(mostMs - slackMs);
    expect(nextPollMs(notified, operation, () => 1)).toBeLessThanOrEqual(mostMs + slackMs);
  });
});

it('without notifications an accrual gets its end from the status query, and notifications are refused', async () => {
  const world = await startWorld({
    gateway: { LATAM_PASS_NOTIFICATION_USERNAME: '', LATAM_PASS_NOTIFICATION_PASSWORD: '' },
  });
  const answers = await Promise.all(
    ['01234567890', MAGIC.latamPass.canceledWithReason[112]].map((ffn) =>
      world.call('POST', '/v1/accruals', accrual({ member: { ffn } })),
    ),
  );
  const [good = '', bad = ''] = answers.map((answer) => textAt(answer.body, 'id'));
  expect(await accrualOnce(world, good, ['succeeded', 'failed'], 30_000)).toMatchObject({ status: 'succeeded' });
  expect(await accrualOnce(world, bad, ['succeeded', 'failed'], 5_000)).toMatchObject({
    status: 'failed',
    failure: { code: 'email_of_another_member' },
  });
  expect((await transactionEvents(world, good)).at(-1)).toMatchObject({ evidence: 'status query' });
  const [effect] = await accrualEffects(world, good);
  expect(at(effect, 'outcome')).toBe('PROCESSED');
  const queries = (await world.sandbox.calls('latam-pass')).filter((call) => call['operation'] === 'accrual-status');
  expect(queries).toHaveLength(2);
  const refused = await world
    .gateway()
    .request('POST', '/v1/providers/latam-pass/notifications', { auth: world.notifier, body: {} });
  expect(refused.status).toBe(401);
}, 60_000);
