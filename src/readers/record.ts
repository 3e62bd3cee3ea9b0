import { readDecimal, type Places } from './decimal.js';
import { isRecord, type Json, type JsonRecord } from './json.js';

/** PostgreSQL cannot store these characters in text or JSON: an outcome that contains them could not be recorded. */
const UNSTORABLE = /[\0\p{Surrogate}]/gu;
const REPLACEMENT = '\uFFFD';
/** Longer ids do not fit into an index. */
const MAX_ID_LENGTH = 256;

/** A member as text; a whole number becomes its digits. null when it is absent, empty or of another type. */
export function textOf(record: JsonRecord | null, name: string): string | null {
  const value = record?.[name];
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  return typeof value === 'string' && value !== '' ? storable(value) : null;
}

/** An id; a number keeps all its digits. null also when it is damaged or longer than 256 characters. */
export function idOf(record: JsonRecord | null, name: string): string | null {
  const text = textOf(record, name)?.trim() ?? '';
  return text === '' || text.length > MAX_ID_LENGTH || text.includes(REPLACEMENT) ? null : text;
}

/** An exact decimal, given as a number or as text; null when absent or not plain (`1,234.56`). */
export function decimalOf(record: JsonRecord | null, name: string, places: Places): string | null {
  return readDecimal(record?.[name], places);
}

export function recordOf(record: JsonRecord | null, name: string): JsonRecord | null {
  const value = record?.[name];
  return isRecord(value) ? value : null;
}

/** A provider's message on one line, cut to `maxLength` characters. */
export function messageOf(record: JsonRecord | null, name: string, maxLength = 300): string | null {
  const text = textOf(record, name);
  return text === null ? null : beginningOf(text.replace(/\s+/g, ' '), maxLength);
}

/** The first `maxLength` characters of a text; half of a surrogate pair at the end is replaced. */
export function beginningOf(text: string, maxLength: number): string {
  return storable(text.slice(0, maxLength));
}

/** A parsed value typed as JSON. */
export function jsonOf(value: unknown): Json {
  if (Array.isArray(value)) return value.map(jsonOf);
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, jsonOf(member)]));
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

function storable(text: string): string {
  return text.replace(UNSTORABLE, REPLACEMENT);
}
