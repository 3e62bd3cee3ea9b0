import { boundsOf, type DayBounds } from '../reading/day-bounds.js';
import { TextSpan } from './text-span.js';

const DAY_MS = 24 * 60 * 60_000;
const DAY_LENGTH = 'YYYY-MM-DD'.length;
const ZERO = 48;
const DAYS_OF_PAGE = 512;
/** Ten years. */
const MAX_AGE_DAYS = 3653;

/** Counts the lines per day and keeps the first and last time, in a few megabytes for any dates. */
export class LineTimes {
  private readonly span = new TextSpan();
  /** Counts by page and day of the page. Most dates of a file are close together. */
  private readonly pages = new Map<number, Uint32Array>();
  private readonly latestDay: number;
  private readonly day = Buffer.alloc(DAY_LENGTH);
  private dayNumber = 0;

  /** `latest`: no line may be later than this instant, in milliseconds. */
  constructor(readonly latest: number) {
    this.latestDay = Math.floor(latest / DAY_MS);
  }

  /** Days since 1970 of the bytes `YYYY-MM-DD…`. The last day is cached, since consecutive lines mostly share it. */
  dayOf(bytes: Uint8Array, start: number): number {
    for (let at = 0; at < DAY_LENGTH; at += 1) {
      if (bytes[start + at] !== this.day[at]) return this.anotherDay(bytes, start);
    }
    return this.dayNumber;
  }

  /** True when a time of this day cannot be in the future. */
  isPast(day: number): boolean {
    return day >= 0 && day < this.latestDay;
  }

  /** Adds a line whose time is in the bytes from `start` to before `end`. */
  add(day: number, bytes: Uint8Array, start: number, end: number): void {
    this.span.add(bytes, start, end);
    const number = Math.floor(day / DAYS_OF_PAGE);
    const page = this.pages.get(number) ?? this.newPage(number);
    const at = day - number * DAYS_OF_PAGE;
    page[at] = (page[at] ?? 0) + 1;
  }

  /** The first time of all lines, in UTC without a zone; null: there are no lines. */
  get first(): string | null {
    return this.span.first;
  }

  get last(): string | null {
    return this.span.last;
  }

  /** The days of most lines, and the days outside which a date counts as wrong. */
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
