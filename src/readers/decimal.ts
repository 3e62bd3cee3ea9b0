import { Decimal } from 'decimal.js';

/** Digits before and after the point, and an exponent as in JSON: no separators, currency signs or words. */
const PLAIN = /^-?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?$/;
const MAX_WHOLE_DIGITS = 15;

/** The decimal places of a result: padded with zeros to `least`, rounded to `most`. */
export interface Places {
  readonly least: number;
  readonly most: number;
}

/**
 * Reads a decimal from outside exactly, given as a number or as text, and rounds it half to even to `most` places.
 * Float noise (`998.8399999999999`) and exponents (`1e3`) are accepted; surrounding blanks are ignored. Returns null
 * for anything else (`1,234.56`, `12 345.67`, `$5`, `1.234,56`) and for more than 15 digits before the point.
 */
export function readDecimal(value: unknown, { least, most }: Places): string | null {
  const exact = exactDecimal(value);
  if (exact === null) return null;
  const rounded = exact.toDecimalPlaces(most, Decimal.ROUND_HALF_EVEN);
  const plain = rounded.abs().toFixed(Math.max(rounded.decimalPlaces(), least));
  if ((plain.split('.')[0] ?? '').length > MAX_WHOLE_DIGITS) return null;
  return rounded.isNegative() && !rounded.isZero() ? `-${plain}` : plain;
}

/** A plain decimal of any size, given as a number or as text, with all its digits; null: anything else. */
export function exactDecimal(value: unknown): Decimal | null {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  return PLAIN.test(text) ? new Decimal(text) : null;
}

/** Compares two decimals that a reader returned: negative, zero or positive, as `Array.sort` expects. */
export function compareDecimals(one: string, other: string): number {
  return new Decimal(one).comparedTo(other);
}
