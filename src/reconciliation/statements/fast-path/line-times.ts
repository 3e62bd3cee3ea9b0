import { boundsOf, type DayBounds } from '../reading/day-bounds.js';
import { TextSpan } from './text-span.js';

const DAY_MS = 24 * 60 * 60_000;
const DAY_LENGTH = 'YYYY-MM-DD'.length;
const ZERO = 48;
const DAYS_OF_PAGE = 512;
/** Ten years. */
const MAX_AGE_DAYS = 3653;

/** How many lines each day has, and when the first and the last of them are: in a few megabytes, whatever the dates. */
export class LineTimes {
  private readonly span = new TextSpan();
  /** By page and day of the page: dates stand together. */
  private readonly pages = new Map<number, Uint32Array>();
  private readonly latestDay: number;
  private readonly day = Buffer.alloc(DAY_LENGTH);
  private dayNumber = 0;

  /** `latest`: no line is from behind that instant (milliseconds). */
  constructor(readonly latest: number) {
    this.latestDay = Math.floor(latest / DAY_MS);
  }

  /** Days since 1970 of the text `YYYY-MM-DD…` in those bytes. The next line mostly has the same. */
  dayOf(bytes: Uint8Array, start: number): number {
    for (let at = 0; at < DAY_LENGTH; at += 1) {
      if (bytes[start + at] !== this.day[at]) return this.anotherDay(bytes, start);
    }
    return this.dayNumber;
  }

  /** Whether a time of that day need not be compared with the present one. */
  isUsual(day: number): boolean {
    return day >= 0 && day < this.latestDay;
  }

  /** A line whose time is in those bytes, from `start` to before `end`. */
  add(day: number, bytes: Uint8Array, start: number, end: number): void {
    this.span.add(bytes, start, end);
    const number = Math.floor(day / DAYS_OF_PAGE);
    const page = this.pages.get(number) ?? this.newPage(number);
    const at = day - number * DAYS_OF_PAGE;
    page[at] = (page[at] ?? 0) + 1;
  }

  /** What all lines span, in UTC without a zone; null: there are none. */
  get first(): string | null {
    return this.span.first;
  }

  get last(): string | null {
    return this.span.last;
  }

  /** Where the bulk of the lines is, and which of them are too far from it. */
  bounds(): DayBounds | null {
    const days = [...this.pages]
      .flatMap(([number, page]) =>
        Array.from(page, (lines, at) => ({ day: number * DAYS_OF_PAGE + at, lines })).filter(({ lines }) => lines > 0),
      )
      .toSorted((one, other) => one.day - other.day);
    return boundsOf(days, this.latestDay - MAX_AGE_DAYS);
  }

  private newPage(number: number): Uint32Array {
    const page = new Uint32Array(DAYS_OF_PAGE);
    this.pages.set(number, page);
    return page;
  }

  private anotherDay(bytes: Uint8Array, start: number): number {
    for (let at = 0; at < DAY_LENGTH; at += 1) this.day[at] = bytes[start + at] ?? 0;
    const digits = (from: number, length: number): number => {
      let value = 0;
      for (let at = from; at < from + length; at += 1) value = value * 10 + (this.day[at] ?? ZERO) - ZERO;
      return value;
    };
    const midnight = new Date(0).setUTCFullYear(digits(0, 4), digits(5, 2) - 1, digits(8, 2));
    this.dayNumber = Math.floor(midnight / DAY_MS);
    return this.dayNumber;
  }
}
