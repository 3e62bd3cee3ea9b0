/** Why a line cannot be used, and what to do about it; in words that quote nothing of it. */
export const BAD_LINE_REASONS = {
  too_many_cells:
    'has more cells than the header: a cell with the delimiter in it needs quotes; if lines end with it, end the header with it',
  too_few_cells: 'has fewer cells than the header, and a column that is read is missing',
  nameless_cell: 'has a cell under a column without a name: a cell with the delimiter in it needs quotes',
  quotes: 'has quotes that are not closed, or text behind them: a line break inside quotes ends the line',
  line_too_long: 'is longer than 64 KiB',
  encoding: "has characters that are not of the file's encoding: declare format.encoding, or save the file as UTF-8",
  total: 'is a total or a note, not a transaction',
  repeated_header: 'repeats the header',
  id_missing: 'has no id',
  id_mangled: 'has an id that a spreadsheet turned into a number: import the column as text',
  id_formula: 'has an id that is a formula: keep the id alone',
  id_apostrophe: 'has an id that begins with an apostrophe: keep the id alone',
  id_unreadable: 'has an id that is too long, or has control or invisible characters',
  card_number: 'holds the number of a payment card',
  status_missing: 'has no status',
  status_unknown: 'has a status that is not known',
  amount_missing: 'has no amount',
  amount_undeclared: 'has an amount with separators: declare format.decimal and format.thousands',
  amount_ambiguous: 'has an amount such as 1.234, which is read in two ways: declare format.decimal',
  amount_unreadable: 'has an amount that is no plain decimal such as 10.00',
  amount_inexact: 'has an amount with more decimal places than its unit',
  amount_too_large: 'has an amount that is too large',
  amount_zero: 'has an amount of zero',
  currency_unreadable: 'has a currency that is not three letters',
  date_missing: 'has no date',
  date_ambiguous: 'has a date whose order of day and month is not known: declare format.dates',
  date_unreadable: 'has a date that is no ISO 8601 time, and none as declared in format.dates',
  date_not_unique: 'has a time that the clock of format.timeZone shows twice or never: give its offset',
  date_in_future: 'has a date in the future',
  date_outlier: 'has a date that is far from those of the other lines: give from and to if it is right',
} as const;

export type BadLineCode = keyof typeof BAD_LINE_REASONS;

export const BAD_LINE_CODES = Object.keys(BAD_LINE_REASONS).filter(isBadLineCode);

/** A line that cannot be used. */
export class BadLine extends Error {
  override readonly name = 'BadLine';

  constructor(
    readonly code: BadLineCode,
    /** As the gateway names the column; null: it is about the whole line. */
    readonly column: string | null = null,
  ) {
    super(BAD_LINE_REASONS[code]);
  }
}

/** A bad line as it is reported. */
export interface BadLineReport {
  /** Line number in the file, from 1. */
  readonly line: number;
  readonly column: string | null;
  readonly code: BadLineCode;
  readonly message: string;
}

export function reportOf(line: number, code: BadLineCode, column: string | null): BadLineReport {
  return { line, column, code, message: BAD_LINE_REASONS[code] };
}

export function isBadLineCode(text: string): text is BadLineCode {
  return Object.hasOwn(BAD_LINE_REASONS, text);
}

/** All bad lines of a file. */
export function countOf(badCounts: Readonly<Partial<Record<BadLineCode, number>>>): number {
  return Object.values(badCounts).reduce((sum, count) => sum + count, 0);
}
