import type { Json } from '../ledger/transaction.js';

/** What arrives is read leniently and trusted little: unknown members stay, missing ones are `null`, types are checked. */
export type JsonRecord = Readonly<Record<string, unknown>>;

const BYTE_ORDER_MARK = /^\uFEFF/;

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
  return typeof value === 'string' && value !== '' ? value : null;
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
  return text === null ? null : text.replace(/\s+/g, ' ').slice(0, maxLength);
}

/** What `JSON.parse` gave, as the JSON that it is. */
export function jsonOf(value: unknown): Json {
  if (Array.isArray(value)) return value.map(jsonOf);
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, jsonOf(member)]));
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
