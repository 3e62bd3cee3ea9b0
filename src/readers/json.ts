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
/**
 * A float holds up to 15 digits exactly, so only longer numbers and exponents of three digits need the slow parser. A
 * number follows a colon, a comma, a bracket or nothing, so the digits of a quoted UUID do not match.
 */
const LONG_NUMBER = /(?:^|[:,[])\s*-?(?:[0-9][0-9.]{15}|[0-9.]+[eE][+-]?[0-9]{3})/;
const WHOLE_NUMBER = /^-?\d+$/;
const QUOTE = 34;
const SPACE = 32;

/**
 * Reads a JSON text (RFC 8259) from outside. A byte order mark is skipped. A number that a float cannot hold exactly (an
 * integer beyond 2^53, a decimal of more than about 15 digits) becomes the result of `toNumber`, by default its text.
 * @throws SyntaxError when the text is not JSON; DuplicateMemberError when a member has two values
 */
export function parseJson(text: string, toNumber: (source: string) => unknown = exactNumber): unknown {
  const json = withoutMark(text);
  if (!LONG_NUMBER.test(json)) {
    const value: unknown = JSON.parse(json);
    // Equal counts of members and names prove that no member is named twice. A text value can look like a name; the
    // only cost is the slow parser.
    if (countMembers(value) === countNames(json)) return value;
  }
  return parse(json, null, { parseNumber: toNumber, onDuplicateKey: refuseDuplicate });
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
export const AMBIGUOUS: unique symbol = Symbol('ambiguous');

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

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const parts: readonly unknown[] = Object.values(value);
  let count = Array.isArray(value) ? 0 : parts.length;
  for (const part of parts) if (typeof part === 'object') count += countMembers(part);
  return count;
}

/** Counts the colons that follow a quote, with only white space between. */
function countNames(json: string): number {
  let count = 0;
  for (let colon = json.indexOf(':'); colon >= 0; colon = json.indexOf(':', colon + 1)) {
    let at = colon - 1;
    while (json.charCodeAt(at) <= SPACE) at -= 1;
    if (json.charCodeAt(at) === QUOTE) count += 1;
  }
  return count;
}
