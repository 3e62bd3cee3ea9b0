import { isCalendarDay } from './date-time.js';
import type { LocalClock } from './local-clock.js';

/** The order of the parts of a date. ISO 8601 (`yyyy-mm-dd`) is always read, the others only when they are declared. */
export const DATE_ORDERS = ['yyyy-mm-dd', 'dd/mm/yyyy', 'mm/dd/yyyy'] as const;
export type DateOrder = (typeof DATE_ORDERS)[number];

/** `not_unique`: the zone's clock is set back or forward, and this local time occurs twice or never. */
export type TimeFault = 'ambiguous' | 'unreadable' | 'not_unique';

/**
 * A time in UTC without a zone, as in `2026-11-20T14:10:36.177`: such texts sort in the order of their times. A date
 * without a time is read as the end of that day.
 */
export type TimeReading =
  { readonly utc: string; readonly at: number; readonly isDay: boolean } | { readonly fault: TimeFault };

/** The notation of times. `clock` is the zone of times without one; null: UTC. */
export interface TimeNotation {
  readonly order: DateOrder;
  readonly clock: LocalClock | null;
}

const TIME = String.raw`(?:(?:T|\s*,\s*|\s+)(\d{1,2}):(\d{2})(?::(\d{2})([.,]\d{1,9})?)?(?:\s*([ap])\.?\s?m\.?)?\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?`;
const YEAR_FIRST = new RegExp(String.raw`^(?<year>\d{4})([-/])(?<month>\d{2})\2(?<day>\d{2})${TIME}$`, 'i');
const YEAR_LAST = new RegExp(String.raw`^(?<one>\d{1,2})([-/.])(?<two>\d{1,2})\2(?<year>\d{4})${TIME}$`, 'i');
const MAX_LENGTH = 60;
const DAY_MS = 24 * 60 * 60_000;
const SECONDS = 'YYYY-MM-DDTHH:MM:SS'.length;

/** Reads a time from a table cell exactly, or returns the fault. */
export function readLocalTime(text: string, { order, clock }: TimeNotation): TimeReading {
  if (text.length > MAX_LENGTH) return { fault: 'unreadable' };
  const isYearLast = !YEAR_FIRST.test(text);
  const found = (isYearLast ? YEAR_LAST : YEAR_FIRST).exec(text);
  if (!found?.groups) return { fault: 'unreadable' };
  if (isYearLast && order === 'yyyy-mm-dd') return { fault: 'ambiguous' };
  const { year = '', one = '', two = '', month, day } = found.groups;
  const [first, second] = order === 'mm/dd/yyyy' ? [one, two] : [two, one];
  const midnight = midnightOf(Number(year), Number(month ?? first), Number(day ?? second));
  if (midnight === null) return { fault: 'unreadable' };
  const [hour, minute, seconds, fraction, half, zone] = found.slice(5);
  if (hour === undefined) return endOfDay(midnight, clock);
  const time = timeOfDay(Number(hour), Number(minute), Number(seconds ?? 0), half);
  if (time === null) return { fault: 'unreadable' };
  const at = instantOf(midnight + time, zone, clock);
  return typeof at === 'string' ? { fault: at } : reading(at, (fraction ?? '').replace(',', '.'), false);
}

function midnightOf(year: number, month: number, day: number): number | null {
  return isCalendarDay(year, month, day) ? new Date(0).setUTCFullYear(year, month - 1, day) : null;
}

/** `half` is `a` or `p` for a 12-hour time. 24:00 is the end of the day. */
function timeOfDay(hour: number, minute: number, second: number, half: string | undefined): number | null {
  if (minute > 59 || second > 59) return null;
  if (half !== undefined && (hour < 1 || hour > 12)) return null;
  if (hour > 24 || (hour === 24 && minute + second > 0)) return null;
  const hours = half === undefined ? hour : (hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0);
  return ((hours * 60 + minute) * 60 + second) * 1000;
}

function instantOf(local: number, zone: string | undefined, clock: LocalClock | null): number | TimeFault {
  if (zone !== undefined) {
    const offset = offsetOf(zone);
    return offset === null ? 'unreadable' : local - offset;
  }
  if (clock === null) return local;
  const [at, again] = clock.instantsOf(local);
  return at === undefined || again !== undefined ? 'not_unique' : at;
}

function offsetOf(zone: string): number | null {
  const [, sign, hours, minutes = '0'] = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone) ?? [];
  if (hours === undefined) return 0;
  if (Number(hours) > 23 || Number(minutes) > 59) return null;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

function endOfDay(midnight: number, clock: LocalClock | null): TimeReading {
  const next = midnight + DAY_MS;
  const end = (clock === null ? next : clock.startOfLocalDay(next)) - 1000;
  return reading(end, '.999', true);
}

/** Refuses years before 1 and after 9999: their text would have a sign, or a year that PostgreSQL does not accept. */
function reading(at: number, fraction: string, isDay: boolean): TimeReading {
  const text = new Date(at).toISOString();
  if (!/^(?!0000)\d{4}-/.test(text)) return { fault: 'unreadable' };
  return { utc: text.slice(0, SECONDS) + fraction, at, isDay };
}
