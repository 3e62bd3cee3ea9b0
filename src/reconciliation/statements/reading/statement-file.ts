import type { BadLineCode, BadLineReport } from '../bad-lines/bad-line.js';
import type { Delimiter } from './csv-line.js';
import type { IdRange } from '../fast-path/id-range.js';
import type { LineTimes } from '../fast-path/line-times.js';
import type { StatementLine } from './statement-format.js';

/** How a file was read: what was recognized, and what was declared. */
export interface RecognizedFormat {
  readonly delimiter: Delimiter;
  readonly encoding: string;
  /** The line with the names of the columns, from 1. */
  readonly headerLine: number;
  /** Which of the file's columns (its place, from 1) is read for which of the gateway's. */
  readonly columns: Readonly<Record<string, number>>;
  /** The column names in the file. */
  readonly names: Readonly<Record<string, string>>;
  readonly decimal: string | null;
  readonly thousands: string | null;
  readonly dates: string;
  readonly timeZone: string;
}

/** A line as it was read, for people who look at it before it counts. */
export interface SampleLine {
  readonly number: number;
  readonly line: StatementLine | null;
  readonly bad: BadLineReport | null;
}

/** A statement that was read. */
export interface StatementFile {
  /** The hash of its bytes. */
  readonly content: Buffer;
  /** The same, and behind it the hash of how they were read. */
  readonly hash: Buffer;
  readonly lines: number;
  readonly pending: number;
  /** The first hundred. */
  readonly bad: readonly BadLineReport[];
  readonly badCounts: Readonly<Partial<Record<BadLineCode, number>>>;
  readonly format: RecognizedFormat;
  readonly times: LineTimes;
  readonly ids: IdRange;
  readonly samples: readonly SampleLine[];
}
