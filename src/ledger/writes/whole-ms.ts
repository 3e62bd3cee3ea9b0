/** The longest pause: PostgreSQL refuses times beyond the range of its timestamps. */
export const MAX_PAUSE_MS = 366 * 24 * 60 * 60_000;

/** Replaces a pause that is not a number: soon, but not in a busy loop. */
const NO_NUMBER_PAUSE_MS = 60_000;

/** Converts any calculated pause to whole milliseconds from zero to a year. */
export function wholeMs(ms: number): number {
  if (Number.isNaN(ms)) return NO_NUMBER_PAUSE_MS;
  return Math.round(Math.min(Math.max(ms, 0), MAX_PAUSE_MS));
}
