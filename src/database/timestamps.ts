import { types } from 'pg';

const { TIMESTAMPTZ } = types.builtins;
/** The driver's default parser. */
const usual: unknown = types.getTypeParser(TIMESTAMPTZ);
const HYPHEN = 45;
const POINT = 46;
const ZERO = 48;
/** `2026-11-21 08:30:00`, then up to six digits of a second, then `+00`. */
const SECONDS_END = 19;

/** Each row has up to seven timestamps. The driver's regular expression took a third of the time to read a row. */
export function readTimestampsFast(): void {
  types.setTypeParser(TIMESTAMPTZ, parseTimestamp);
}

/** Parses the format that PostgreSQL writes in UTC (`DateStyle` ISO); the driver parses anything else. */
export function parseTimestamp(text: string): unknown {
  const end = text.length - 3;
  if (end < SECONDS_END || text.charCodeAt(4) !== HYPHEN || !text.endsWith('+00')) return general(text);
  let ms = 0;
  if (end > SECONDS_END) {
    if (text.charCodeAt(SECONDS_END) !== POINT) return general(text);
    // Microseconds are cut off, as in the driver.
    for (let at = SECONDS_END + 1; at < SECONDS_END + 4; at += 1) ms = ms * 10 + (at < end ? digit(text, at) : 0);
  }
  const year = pair(text, 0) * 100 + pair(text, 2);
  // Date.UTC reads years before 100 as years of the 20th century.
  if (!(year >= 100)) return general(text);
  return new Date(Date.UTC(year, pair(text, 5) - 1, pair(text, 8), pair(text, 11), pair(text, 14), pair(text, 17), ms));
}

function digit(text: string, at: number): number {
  return text.charCodeAt(at) - ZERO;
}

function pair(text: string, at: number): number {
  return digit(text, at) * 10 + digit(text, at + 1);
}

function general(text: string): unknown {
  return typeof usual === 'function' ? Reflect.apply(usual, null, [text]) : text;
}
