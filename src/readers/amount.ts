/** The notation of amounts; null: not declared. Without a declaration only digits with a decimal point are read. */
export interface AmountNotation {
  readonly decimal: '.' | ',' | null;
  readonly thousands: ',' | '.' | ' ' | "'" | null;
}

/**
 * The reason why an amount is refused. `undeclared`: it has separators whose meaning was not declared. `ambiguous`:
 * `1.234` may mean 1234 or 1.234. `inexact`: it has more decimal places than the unit.
 */
export type AmountFault = 'undeclared' | 'ambiguous' | 'unreadable' | 'inexact' | 'too_large';

/** The digits of the amount in the smallest unit (e.g. cents), without leading zeros; `0` for zero. */
export type AmountReading = { readonly digits: string; readonly isNegative: boolean } | { readonly fault: AmountFault };

/** Negative amounts as accountants and spreadsheets write them: `-5`, `5-`, `(5)`, also with the Unicode minus sign. */
const NEGATIVE = /^(?:[-\u2212]\s*(.*)|(.*?)\s*[-\u2212]|\(\s*(.*?)\s*\))$/s;
const PLAIN = /^(\d+)(?:\.(\d+))?$/;
const DIGITS_AND_SEPARATORS = /^\d[\d.,'’ \u00a0\u2009\u202f]*$/;
const MAX_LENGTH = 60;

/** Separators of three-digit groups as regular expressions. Blanks come in several widths. */
const GROUPS = { ',': ',', '.': '\\.', ' ': '[ \\u00a0\\u2009\\u202f]', "'": "['’]" } as const;
const POINTS = { '.': '\\.', ',': ',' } as const;

/** Reads an amount with `scale` decimal places exactly, or returns the fault. `maxDigits` limits the whole part. */
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
