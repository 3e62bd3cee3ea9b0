/** ASCII digits only: no digits of other scripts, signs, blanks or separators. */
const DIGITS = /^[0-9]{1,15}$/;

/**
 * A whole number from 0 to `max`; null for any other text. 15 digits are the limit, because a float holds them exactly.
 */
export function readWholeNumber(text: string, max: number): number | null {
  const value = DIGITS.test(text) ? Number(text) : NaN;
  return value <= max ? value : null;
}
