const HOUR = 9;
const DAY_MS = 24 * 60 * 60_000;

/** In UTC, for the scheduler: when the day before has ended everywhere from which statements come. */
export const NIGHTLY = `0 ${HOUR} * * *`;

/** The first night after `now`. */
export function nextNight(now: Date): Date {
  const today = new Date(now).setUTCHours(HOUR, 0, 0, 0);
  return new Date(today > now.getTime() ? today : today + DAY_MS);
}

/** The last night until `now`. */
export function lastNight(now: Date): Date {
  return new Date(nextNight(now).getTime() - DAY_MS);
}

/** The day before that of `night`. */
export function dayBefore(night: Date): { from: Date; to: Date } {
  const to = new Date(night).setUTCHours(0, 0, 0, 0);
  return { from: new Date(to - DAY_MS), to: new Date(to) };
}
