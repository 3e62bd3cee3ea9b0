/** How amounts are written; null: not declared. Without a declaration only digits with a decimal point are read. */
export interface AmountNotation {
  readonly decimal: '.' | ',' | null;
  readonly thousands: ',' | '.' | ' ' | "'" | null;
}

/**
 * Why an amount is not read. `undeclared`: it has separators whose meaning was not declared. `ambiguous`: `1.234` is 1234
 * to some and 1.234 to others. `inexact`: it has more decimal places than the unit.
 */
export type AmountFault = 'undeclared' | 'ambiguous' | 'unreadable' | 'inexact' | 'too_large';

/** The digits in the smallest part of the unit, without leading zeros; `0` for zero. */
export type AmountReading = { readonly digits: string; readonly isNegative: boolean } | { readonly fault: AmountFault };

/** As accountants and spreadsheets write negative amounts: `-5`, `5-`, `(5)`, also with the minus sign of Unicode. */
const NEGATIVE = /^(?:[-\u2212]\s*(.*)|(.*?)\s*[-\u2212]|\(\s*(.*?)\s*\))$/s;
const PLAIN = /^(\d+)(?:\.(\d+))?$/;
const DIGITS_AND_SEPARATORS = /^\d[\d.,'’ \u00a0\u2009\u202f]*$/;
const MAX_LENGTH = 60;

/** A separator of groups of three digits as a regular expression; blanks are written in several widths. */
const GROUPS = { ',': ',', '.': '\\.', ' ': '[ \\u00a0\\u2009\\u202f]', "'": "['’]" } as const;
const POINTS = { '.': '\\.', ',': ',' } as const;

/** Reads an amount with `scale` decimal places exactly, or says why not. `maxDigits` counts those of the whole part. */
export function readAmount(text: string, notation: AmountNotation, scale: number, maxDigits: number): AmountReading {
  if (text.length > MAX_LENGTH) return { fault: 'unreadable' };
  const negative = NEGATIVE.exec(text);
  const body = negative === null ? text : negative.slice(1).join('');
  const parts = partsOf(body, notation);
  if ('fault' in parts) return parts;
  const whole = parts.whole.replace(/^0+(?=\d)/, '');
  const { fraction } = parts;
  if (/[1-9]/.test(fraction.slice(scale))) return { fault: 'inexact' };
  if (whole.length > maxDigits) return { fault: 'too_large' };
  const digits = (whole + fraction.slice(0, scale).padEnd(scale, '0')).replace(/^0+(?=\d)/, '');
  return { digits, isNegative: negative !== null };
}

type Parts = { readonly whole: string; readonly fraction: string } | { readonly fault: AmountFault };

function partsOf(body: string, { decimal, thousands }: AmountNotation): Parts {
  if (decimal === null && thousands === null) return undeclaredParts(body);
  const point = POINTS[decimal ?? '.'];
  const grouped = thousands === null ? '' : `|\\d{1,3}(?:${GROUPS[thousands]}\\d{3})+`;
  const [, written, fraction = ''] = new RegExp(`^(\\d+${grouped})(?:${point}(\\d+))?$`).exec(body) ?? [];
  if (written === undefined) return { fault: faultOf(body) };
  return { whole: written.replace(/\D/g, ''), fraction };
}

function undeclaredParts(body: string): Parts {
  const [, whole, fraction = ''] = PLAIN.exec(body) ?? [];
  if (whole === undefined) return { fault: faultOf(body) };
  if (fraction.length === 3 && whole.length <= 3 && !whole.startsWith('0')) return { fault: 'ambiguous' };
  return { whole, fraction };
}

function faultOf(body: string): AmountFault {
  return DIGITS_AND_SEPARATORS.test(body) ? 'undeclared' : 'unreadable';
}
