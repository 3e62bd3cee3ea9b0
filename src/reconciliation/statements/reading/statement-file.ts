import type { BadLineCode, BadLineReport } from '../bad-lines/bad-line.js';
import type { Delimiter } from './csv-line.js';
import type { IdRange } from '../fast-path/id-range.js';
import type { LineTimes } from '../fast-path/line-times.js';
import type { StatementLine } from './statement-format.js';

/** The format in which a file was read, both recognized and declared. */
export interface RecognizedFormat {
  readonly delimiter: Delimiter;
  readonly encoding: string;
  /** The number of the line with the column names, from 1. */
  readonly headerLine: number;
  /** The position in the file, from 1, by the gateway's name of the column. */
  readonly columns: Readonly<Record<string, number>>;
  /** The column names in the file. */
  readonly names: Readonly<Record<string, string>>;
  readonly decimal: string | null;
  readonly thousands: string | null;
  readonly dates: string;
  readonly timeZone: string;
}

/** A line as it was read, for the preview. */
export interface SampleLine {
  readonly number: number;
  readonly line: StatementLine | null;
  readonly bad: BadLineReport | null;
}

/** A statement that was read. */
export interface StatementFile {
  /** The hash of the file's bytes. */
  readonly content: Buffer;
  /** `content`, followed by a hash of the options with which the file was read. */
  readonly hash: Buffer;
  readonly lines: number;
  readonly pending: number;
  /** The first 100 bad lines. */
  readonly bad: readonly BadLineReport[];
  readonly badCounts: Readonly<Partial<Record<BadLineCode, number>>>;
  readonly format: RecognizedFormat;
  readonly times: LineTimes;
  readonly ids: IdRange;
  readonly samples: readonly SampleLine[];
}
