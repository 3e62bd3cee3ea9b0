/** Shortest and longest delay, both included, in milliseconds. */
export type DelayRangeMs = readonly [number, number];

export function randomDelayMs([min, max]: DelayRangeMs): number {
  return min + Math.floor(Math.random() * (max - min + 1));
}
