import { exactDecimal } from './decimal.js';

/**
 * A time span that was given in seconds, as a number or as text, with or without a fraction: in milliseconds, at most
 * `maxMs`. null: negative, empty, or no plain number (`60s`, `1,5`).
 */
export function readSeconds(value: unknown, maxMs: number): number | null {
  const seconds = exactDecimal(value);
  if (seconds === null || seconds.isNegative()) return null;
  const ms = seconds.times(1000).round();
  return ms.greaterThan(maxMs) ? maxMs : ms.toNumber();
}
