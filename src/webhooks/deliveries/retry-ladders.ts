const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** The pauses between probes of an endpoint that is down; the last one repeats. */
const DOWN_MS = [
  ...[5 * SECOND_MS, 30 * SECOND_MS, 2 * MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, 30 * MINUTE_MS],
  ...[HOUR_MS, 2 * HOUR_MS, 4 * HOUR_MS],
];

/** The pauses between the attempts at an event that the endpoint refuses. After the last one it is given up. */
const REFUSED_MS = [
  ...[5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 5 * HOUR_MS, 10 * HOUR_MS, 14 * HOUR_MS],
  ...[20 * HOUR_MS, 24 * HOUR_MS],
];

const JITTER = 0.2;

/** Milliseconds until the next probe, after `failures` (at least 1) probes in a row that failed. */
export function nextProbeMs(failures: number, retryAfterMs: number | null, random = Math.random): number {
  const step = DOWN_MS[Math.min(failures, DOWN_MS.length) - 1] ?? 0;
  return Math.max(jittered(step, random), retryAfterMs ?? 0);
}

/** At most this time, so that an event that waited for a probe follows soon after the endpoint is up. */
const MAX_PAUSE_MS = 5 * MINUTE_MS;

/**
 * Milliseconds for which a delivery waits itself, after `outages` (at least 1) attempts that found the endpoint down.
 * Without it, an event that makes a receiver fail would be sent again after each success of another one.
 */
export function ownPauseMs(outages: number, random = Math.random): number {
  return Math.min(nextProbeMs(outages, null, random), MAX_PAUSE_MS);
}

/** Milliseconds until the next attempt, after `refusals` (at least 1) refusals; null: it is given up. */
export function nextAttemptMs(refusals: number, retryAfterMs: number | null, random = Math.random): number | null {
  const step = REFUSED_MS[refusals - 1];
  return step === undefined ? null : Math.max(jittered(step, random), retryAfterMs ?? 0);
}

/** Up to 20 % more or less, so that what failed together does not come back together. */
function jittered(ms: number, random: () => number): number {
  return Math.round(ms * (1 + (2 * random() - 1) * JITTER));
}
