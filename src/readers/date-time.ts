/** RFC 3339 with seconds and an offset. `isCalendarDay` checks the date. */
const RFC3339 =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** True for an RFC 3339 date-time with an offset whose date exists and whose year in UTC is from 1 to 9999. */
export function isDateTime(text: string): boolean {
  return readDateTime(text) !== null;
}

/** The instant of an RFC 3339 date-time with an offset, to the millisecond; null for any other text. */
export function readDateTime(text: string): Date | null {
  const [, year = '', month = '', day = ''] = RFC3339.exec(text) ?? [];
  if (!isCalendarDay(Number(year), Number(month), Number(day))) return null;
  const at = new Date(text);
  const utcYear = at.getUTCFullYear();
  return utcYear >= 1 && utcYear <= 9999 ? at : null;
}

/** True when the day exists. `Date` alone would read February 31 as March 3. */
export function isCalendarDay(year: number, month: number, day: number): boolean {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) return false;
  return day <= 28 || day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}
