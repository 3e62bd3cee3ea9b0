import { nextPollMs } from '../../src/providers/latam-pass/accruals/accrual.operation.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

describe('the next status query of an accrual is due', () => {
  it.each([
    [
      'a day after the accrual was sent, with notifications',
      true,
      MINUTE_MS,
      24 * HOUR_MS - MINUTE_MS,
      24 * HOUR_MS - MINUTE_MS,
    ],
    ['after an hour once the first day is over, with notifications', true, 25 * HOUR_MS, HOUR_MS, HOUR_MS],
    ['15 s after the accrual was sent, without notifications', false, 0, 15 * SECOND_MS, 15 * SECOND_MS],
    ['30 s after the accrual was sent, without notifications', false, 15 * SECOND_MS, 15 * SECOND_MS, 15 * SECOND_MS],
    ['60 s after the accrual was sent, without notifications', false, 30 * SECOND_MS, 30 * SECOND_MS, 30 * SECOND_MS],
    [
      'after growing intervals with jitter, without notifications',
      false,
      10 * MINUTE_MS,
      5 * MINUTE_MS,
      10 * MINUTE_MS,
    ],
    ['after an hour at the latest, without notifications', false, 48 * HOUR_MS, 30 * MINUTE_MS, HOUR_MS],
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
