const DAY = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})?$/;

/**
 * ISO 8601 in UTC without a zone, as in `2026-11-20T14:10:36.177`: such texts sort as their times do. A day without a time
 * is its end: what happened on it is not later than the line. null: there is no such time.
 */
export function utcOf(cell: string): string | null {
  if (DAY.test(cell)) return isDay(cell) ? `${cell}T23:59:59.999` : null;
  const [, day = '', time = '', fraction = '', zone = 'Z'] = TIME.exec(cell) ?? [];
  if (!isDay(day)) return null;
  const at = Date.parse(`${day}T${time}${zone.replace(/([+-]\d{2})(\d{2})$/, '$1:$2')}`);
  if (Number.isNaN(at)) return null;
  const text = new Date(at).toISOString();
  // Before the year 1 and after 9999 it has a sign, or no year that PostgreSQL knows.
  return /^(?!0000)\d{4}-/.test(text) ? text.slice(0, 'YYYY-MM-DDTHH:MM:SS'.length) + fraction : null;
}

/** `Date.parse` takes the 31st of February for the 3rd of March, and PostgreSQL does not. */
function isDay(text: string): boolean {
  const [year = 0, month = 0, day = 0] = [text.slice(0, 4), text.slice(5, 7), text.slice(8, 10)].map(Number);
  if (month < 1 || month > 12 || day < 1 || year < 1) return false;
  return day <= 28 || day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}
