const HOUR = 9;
const DAY_MS = 24 * 60 * 60_000;

/** The cron expression in UTC. At this hour the day before has ended in all time zones of the providers. */
export const NIGHTLY_CRON = `0 ${HOUR} * * *`;

/** The time of the first nightly run after `now`. */
export function nextNight(now: Date): Date {
  const today = new Date(now).setUTCHours(HOUR, 0, 0, 0);
  return new Date(today > now.getTime() ? today : today + DAY_MS);
}

/** The time of the last nightly run at or before `now`. */
export function lastNight(now: Date): Date {
  return new Date(nextNight(now).getTime() - DAY_MS);
}

/** The UTC day before the day of `night`. */
export function dayBefore(night: Date): { from: Date; to: Date } {
  const to = new Date(night).setUTCHours(0, 0, 0, 0);
  return { from: new Date(to - DAY_MS), to: new Date(to) };
}
