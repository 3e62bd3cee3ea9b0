/** ASCII digits alone: other scripts' digits, signs, blanks and separators are not read. */
const DIGITS = /^[0-9]{1,15}$/;

/** A whole number from 0 to `max` (at most 999,999,999,999,999, which a float holds exactly); null for any other text. */
export function readWholeNumber(text: string, max: number): number | null {
  const value = DIGITS.test(text) ? Number(text) : NaN;
  return value <= max ? value : null;
}
