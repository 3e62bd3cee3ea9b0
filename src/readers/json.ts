import { parse } from 'lossless-json';

/** A JSON value as stored in a `jsonb` column. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** An object of a JSON text from outside. It keeps unknown members; the reader must check the type of each member. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** A JSON text names one member twice with different values: neither value can be trusted. */
export class DuplicateMemberError extends SyntaxError {
  override readonly name = 'DuplicateMemberError';

  constructor(readonly member: string) {
    super('a member of the JSON object is named twice');
  }
}

const BYTE_ORDER_MARK = 0xfeff;
const WHOLE_NUMBER = /^-?\d+$/;

/**
 * Reads a JSON text (RFC 8259) from outside. A byte order mark is skipped. A number that a float cannot hold exactly (an
 * integer beyond 2^53, a decimal of more than about 15 digits) becomes the result of `toNumber`, by default its text.
 * @throws SyntaxError when the text is not JSON; DuplicateMemberError when a member has two values
 */
export function parseJson(text: string, toNumber: (source: string) => unknown = exactNumber): unknown {
  return parse(withoutMark(text), null, { parseNumber: toNumber, onDuplicateKey: refuseDuplicate });
}

/** The text as a JSON object; null for anything else (HTML, a truncated answer, an empty body, two values). */
export function parseRecord(text: string): JsonRecord | null {
  try {
    const value = parseJson(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

/** Stands for a member that has two different values. No reader accepts it; the other members stay readable. */
const AMBIGUOUS: unique symbol = Symbol('ambiguous');

/** Like `parseRecord`, but a member with two different values becomes `AMBIGUOUS`, and the other members are read. */
export function parseRecordInParts(text: string): JsonRecord | null {
  const whole = parseRecord(text);
  if (whole) return whole;
  try {
    const value = parse(withoutMark(text), null, {
      parseNumber: exactNumber,
      onDuplicateKey: () => AMBIGUOUS,
    });
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** For values that are JSON by their origin: this gateway wrote them, or a reader has made them. */
export function isJsonObject(value: unknown): value is JsonObject {
  return isRecord(value);
}

/**
 * For `parseJson` where a number must never become a text. An integer beyond 2^53 becomes a bigint, and any other
 * number that a float cannot hold exactly becomes NaN. No validation rule accepts either as a number.
 */
export function numberOrBigint(source: string): number | bigint {
  const exact = exactNumber(source);
  if (typeof exact === 'number') return exact;
  return WHOLE_NUMBER.test(source) ? BigInt(source) : NaN;
}

/** The number when its decimal digits equal those of the text, otherwise the text. */
function exactNumber(source: string): number | string {
  const value = Number(source);
  if (WHOLE_NUMBER.test(source)) return Number.isSafeInteger(value) ? value : source;
  return Number.isFinite(value) && digitsOf(String(value)) === digitsOf(source) ? value : source;
}

/** Sign, digits and exponent in one normal form (`1.50` and `15e-1` are the same). */
function digitsOf(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}

function withoutMark(text: string): string {
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
}

function refuseDuplicate({ key }: { readonly key: string }): never {
  throw new DuplicateMemberError(key);
}
