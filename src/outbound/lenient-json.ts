import type { Json } from '../ledger/transaction.js';

/** What arrives is read leniently and trusted little: unknown members stay, missing ones are `null`, types are checked. */
export type JsonRecord = Readonly<Record<string, unknown>>;

const BYTE_ORDER_MARK = /^\uFEFF/;
/** What neither text nor JSON can hold in PostgreSQL. With it an outcome could not be written down. */
const UNKEEPABLE = /[\0\p{Surrogate}]/gu;
const REPLACEMENT = '\uFFFD';
/** More would not fit into an index. */
const MAX_ID_LENGTH = 256;

/** The body as a JSON object; null when it is anything else (HTML, a truncated answer, an empty body). */
export function parseRecord(body: string): JsonRecord | null {
  try {
    const parsed: unknown = JSON.parse(body.replace(BYTE_ORDER_MARK, ''));
    return isRecord(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member that is text, or a number where text was meant; null when absent, empty or of another type. */
export function textOf(record: JsonRecord | null, name: string): string | null {
  const value = record?.[name];
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  return typeof value === 'string' && value !== '' ? keepable(value) : null;
}

/** A text by which something is found again; null also when it is damaged, or too long for that. */
export function idOf(record: JsonRecord | null, name: string): string | null {
  const text = textOf(record, name);
  return text === null || text.length > MAX_ID_LENGTH || text.includes(REPLACEMENT) ? null : text;
}

/** The beginning of a text; a character that is cut in two is none any more. */
export function beginningOf(text: string, maxLength: number): string {
  return keepable(text.slice(0, maxLength));
}

function keepable(text: string): string {
  return text.replace(UNKEEPABLE, REPLACEMENT);
}

/**
 * The digits of a decimal as they stand in the JSON text, never through a float; null when the name is not there exactly
 * once with a plain decimal.
 */
export function rawDecimalOf(body: string, name: string): string | null {
  const found = [...body.matchAll(new RegExp(`"${name}"\\s*:\\s*"?([^",}\\s]*)`, 'g'))];
  const text = found.length === 1 ? found[0]?.[1] : undefined;
  return text !== undefined && /^-?[0-9]{1,15}(\.[0-9]{1,10})?$/.test(text) ? text : null;
}

export function recordOf(record: JsonRecord | null, name: string): JsonRecord | null {
  const value = record?.[name];
  return isRecord(value) ? value : null;
}

/** A provider's words, short enough for a failure that a person reads. */
export function wordsOf(record: JsonRecord | null, name: string, maxLength = 300): string | null {
  const text = textOf(record, name);
  return text === null ? null : beginningOf(text.replace(/\s+/g, ' '), maxLength);
}

/** What `JSON.parse` gave, as the JSON that it is. */
export function jsonOf(value: unknown): Json {
  if (Array.isArray(value)) return value.map(jsonOf);
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, jsonOf(member)]));
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
