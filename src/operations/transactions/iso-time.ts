const MINUTE_MS = 60_000;

let minute = Number.NaN;
let beginning = '';

/** Equal to `toISOString`. The times of a page share most of their text; computing each was half of a page's CPU time. */
export function isoTime(date: Date): string {
  const ms = date.getTime();
  const current = Math.floor(ms / MINUTE_MS);
  if (current !== minute) {
    beginning = date.toISOString().slice(0, -'00.000Z'.length);
    minute = current;
  }
  const rest = ms - current * MINUTE_MS;
  const seconds = Math.floor(rest / 1_000);
  return `${beginning}${two(seconds)}.${three(rest - seconds * 1_000)}Z`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

function three(value: number): string {
  return value < 100 ? `0${two(value)}` : String(value);
}
