/** The faults of a line and their remedies. The texts never quote the line. */
export const BAD_LINE_REASONS = {
  too_many_cells:
    'has more cells than the header: quote cells that contain the delimiter; if all lines end with the delimiter, the header must too',
  too_few_cells: 'has fewer cells than the header, and a column that is read is missing',
  nameless_cell: 'has a cell under a column without a name: quote cells that contain the delimiter',
  quotes: 'has quotes that are not closed, or text after them: a line break inside quotes ends the line',
  line_too_long: 'is longer than 64 KiB',
  encoding: "has characters that are not in the file's encoding: declare format.encoding, or save the file as UTF-8",
  total: 'is a total or a note, not a transaction',
  repeated_header: 'repeats the header',
  id_missing: 'has no id',
  id_mangled: 'has an id that a spreadsheet turned into a number: import the column as text',
  id_formula: 'has an id that is a formula: write only the id',
  id_apostrophe: 'has an id that begins with an apostrophe: write only the id',
  id_unreadable: 'has an id that is too long, or has control or invisible characters',
  card_number: 'contains a payment card number',
  status_missing: 'has no status',
  status_unknown: 'has a status that is not known',
  amount_missing: 'has no amount',
  amount_undeclared: 'has an amount with separators: declare format.decimal and format.thousands',
  amount_ambiguous: 'has an amount such as 1.234, which may mean 1234: declare format.decimal',
  amount_unreadable: 'has an amount that is not a plain decimal such as 10.00',
  amount_inexact: 'has an amount with more decimal places than its unit',
  amount_too_large: 'has an amount that is too large',
  amount_zero: 'has an amount of zero',
  currency_unreadable: 'has a currency that is not three letters',
  date_missing: 'has no date',
  date_ambiguous: 'has a date whose order of day and month is not known: declare format.dates',
  date_unreadable: 'has a date that is neither ISO 8601 nor in the order of format.dates',
  date_not_unique: 'has a local time that occurs twice or never in format.timeZone: add an offset',
  date_in_future: 'has a date in the future',
  date_outlier: 'has a date that is far from the dates of the other lines: if it is right, send from and to',
} as const;

export type BadLineCode = keyof typeof BAD_LINE_REASONS;

export const BAD_LINE_CODES = Object.keys(BAD_LINE_REASONS).filter(isBadLineCode);

/** The fault of a line that cannot be used. */
export class BadLine extends Error {
  override readonly name = 'BadLine';

  constructor(
    readonly code: BadLineCode,
    /** The gateway's name of the column; null: the fault concerns the whole line. */
    readonly column: string | null = null,
  ) {
    super(BAD_LINE_REASONS[code]);
  }
}

/** The report of a bad line. */
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

function isBadLineCode(text: string): text is BadLineCode {
  return Object.hasOwn(BAD_LINE_REASONS, text);
}

/** The number of all bad lines of a file. */
export function countOf(badCounts: Readonly<Partial<Record<BadLineCode, number>>>): number {
  return Object.values(badCounts).reduce((sum, count) => sum + count, 0);
}
