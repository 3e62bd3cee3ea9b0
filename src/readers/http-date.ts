import { isCalendarDay } from './date-time.js';
import { readWholeNumber } from './integer.js';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTH = `(${MONTHS.join('|')})`;
const TIME = '(?<time>([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60))';
const DAY_NAME = '(Mon|Tue|Wed|Thu|Fri|Sat|Sun)';

/** RFC 9110, 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`, and the two obsolete forms that recipients must accept. */
const FORMS = [
  new RegExp(`^${DAY_NAME}, (?<day>[0-9]{2}) (?<month>${MONTH}) (?<year>[0-9]{4}) ${TIME} GMT$`),
  new RegExp(
    `^(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>[0-9]{2})-(?<month>${MONTH})-(?<year>[0-9]{2}) ${TIME} GMT$`,
  ),
  new RegExp(`^${DAY_NAME} (?<month>${MONTH}) (?<day>[ 0-9][0-9]) ${TIME} (?<year>[0-9]{4})$`),
];

/** The instant of an HTTP date in one of the three forms of RFC 9110; null for any other text. */
export function readHttpDate(text: string, now: Date): Date | null {
  const parts = FORMS.map((form) => form.exec(text.trim())?.groups).find((groups) => groups !== undefined);
  if (!parts) return null;
  const { day = '', month = '', year = '', time = '' } = parts;
  const fullYear = yearOf(year, now);
  const monthNo = MONTHS.indexOf(month) + 1;
  const dayNo = readWholeNumber(day.trim(), 31);
  if (fullYear === null || dayNo === null || !isCalendarDay(fullYear, monthNo, dayNo)) return null;
  const [hours = 0, minutes = 0, seconds = 0] = time.split(':').map((part) => readWholeNumber(part, 60) ?? 0);
  return new Date(Date.UTC(fullYear, monthNo - 1, dayNo, hours, minutes, seconds));
}

/** Reads a two-digit year that would be more than 50 years ahead as a year of the century before (RFC 9110). */
function yearOf(digits: string, now: Date): number | null {
  const year = readWholeNumber(digits, 9999);
  if (year === null || digits.length > 2) return year;
  const thisYear = now.getUTCFullYear();
  const ofThisCentury = thisYear - (thisYear % 100) + year;
  return ofThisCentury > thisYear + 50 ? ofThisCentury - 100 : ofThisCentury;
}
