import { exactDecimal } from './decimal.js';

/**
 * Reads a time span in seconds, given as a number or as text, with or without a fraction. Returns milliseconds, at most
 * `maxMs`; null when it is negative, empty, or not a plain number (`60s`, `1,5`).
 */
export function readSeconds(value: unknown, maxMs: number): number | null {
  const seconds = exactDecimal(value);
  if (seconds === null || seconds.isNegative()) return null;
  const ms = seconds.times(1000).round();
  return ms.greaterThan(maxMs) ? maxMs : ms.toNumber();
}
