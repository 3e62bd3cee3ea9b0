import fc from 'fast-check';
import { nextAttemptMs, nextProbeMs, ownPauseMs } from '../../src/webhooks/deliveries/retry-ladders.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const DOWN = [
  ...[5 * SECOND, 30 * SECOND, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR],
  ...[4 * HOUR, 4 * HOUR],
];
const REFUSED = [
  ...[5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR],
  ...[null, null],
];

/** The largest and the smallest number that `Math.random` returns, and the middle, at which nothing is added. */
const HIGHEST = (): number => 1 - Number.EPSILON / 2;
const LOWEST = (): number => 0;
const MIDDLE = (): number => 0.5;

const stepsOf = (ladder: (count: number) => number | null): (number | null)[] =>
  DOWN.map((_step, index) => ladder(index + 1));

it('an endpoint that is down has its steps, and the last one repeats', () => {
  expect(stepsOf((failures) => nextProbeMs(failures, null, MIDDLE))).toEqual(DOWN);
  expect(nextProbeMs(1_000_000, null, MIDDLE)).toBe(4 * HOUR);
});

it('an event that is refused has its steps, and is given up after the ninth', () => {
  expect(stepsOf((refusals) => nextAttemptMs(refusals, null, MIDDLE))).toEqual(REFUSED);
});

it('a delivery waits for 5 minutes at most, so that it follows soon after the endpoint is up', () => {
  expect(stepsOf((outages) => ownPauseMs(outages, MIDDLE))).toEqual(DOWN.map((step) => Math.min(step, 5 * MINUTE)));
  expect(ownPauseMs(4, HIGHEST)).toBe(5 * MINUTE);
});

it('the steps vary by 20 % to either side', () => {
  expect(stepsOf((failures) => nextProbeMs(failures, null, HIGHEST))).toEqual(DOWN.map((step) => step * 1.2));
  expect(stepsOf((failures) => nextProbeMs(failures, null, LOWEST))).toEqual(DOWN.map((step) => step * 0.8));
  const [highest, lowest] = [HIGHEST, LOWEST].map((random) => stepsOf((count) => nextAttemptMs(count, null, random)));
  expect(highest).toEqual(REFUSED.map((step) => step && step * 1.2));
  expect(lowest).toEqual(REFUSED.map((step) => step && step * 0.8));
});

it('a pause is not shorter than the receiver asks for, nor than the step, whatever chance decides', () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const asked = fc.option(fc.integer({ min: 0, max: DAY }), { nil: null });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), asked, random, (count, retryAfterMs, chance) => {
      const down = DOWN[Math.min(count, DOWN.length) - 1] ?? Number.NaN;
      expectBetween(
        nextProbeMs(count, retryAfterMs, () => chance),
        down,
        retryAfterMs,
      );
      const refused = REFUSED[count - 1] ?? null;
      const next = nextAttemptMs(count, retryAfterMs, () => chance);
      if (refused === null) expect(next).toBeNull();
      else expectBetween(next, refused, retryAfterMs);
    }),
  );
});

function expectBetween(pause: number | null, step: number, retryAfterMs: number | null): void {
  expect(pause).toBeGreaterThanOrEqual(Math.max(step * 0.8, retryAfterMs ?? 0));
  expect(pause).toBeLessThanOrEqual(Math.max(step * 1.2, retryAfterMs ?? 0));
  expect(Number.isInteger(pause)).toBe(true);
}

it('without a given chance, pauses differ and stay within the bounds', () => {
  const pauses = Array.from({ length: 200 }, () => nextProbeMs(2, null));
  expect(new Set(pauses).size).toBeGreaterThan(100);
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(24 * SECOND);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(36 * SECOND);
});
