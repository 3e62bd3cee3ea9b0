import { parse } from 'csv-parse/sync';
import { Problem } from '../problem.js';
import { SeenIds } from './seen-ids.js';
import type { BadLineReport } from './statement-file.js';
import { BadLine, type StatementLine, type StatementProvider } from './statement-format.js';
import { StatementReader } from './statement-reader.js';

const MAX_LINE_LENGTH = 64 * 1024;
const MAX_REPORTED = 100;
const BYTE_ORDER_MARK = /^\ufeff/;

/**
 * The bytes of the file in, rows in PostgreSQL's text format out. A line is a record: one with a quote that is not closed
 * is a bad line, and takes no other with it.
 */
export class StatementRows {
  count = 0;
  badCount = 0;
  readonly bad: BadLineReport[] = [];
  /** Times of the first and the last line in time, in UTC without a zone. */
  first: string | null = null;
  last: string | null = null;
  private readonly seen = new SeenIds();
  private reader: StatementReader | null = null;
  private lineNo = 0;
  /** One character for each byte: what is not plain is decoded line by line. */
  private rest = '';
  private rows = '';

  constructor(
    private readonly provider: StatementProvider,
    private readonly columns: Readonly<Record<string, string>>,
  ) {}

  get hasHeader(): boolean {
    return this.reader !== null;
  }

  /** Characters of rows that were not taken yet. */
  get size(): number {
    return this.rows.length;
  }

  /** @throws Problem `validation_failed` when the first line names no columns of such a statement */
  add(chunk: Buffer): void {
    const text = this.rest + chunk.toString('latin1');
    let at = 0;
    for (;;) {
      at = this.readPlain(text, at);
      const end = text.indexOf('\n', at);
      if (end < 0) break;
      this.readLine(text.slice(at, end));
      at = end + 1;
    }
    this.rest = text.slice(at);
    // A line that long is none; what of it is still to come is read as another one.
    if (this.rest.length > MAX_LINE_LENGTH) this.end();
  }

  /** What has come is the whole of the last line. */
  end(): void {
    const last = this.rest;
    this.rest = '';
    if (last !== '') this.readLine(last.slice(0, MAX_LINE_LENGTH));
  }

  take(): Buffer {
    const rows = Buffer.from(this.rows);
    this.rows = '';
    return rows;
  }

  /** Nearly all lines are alike: as many of those as follow each other. Answers where the first other one begins. */
  private readPlain(text: string, start: number): number {
    let at = start;
    for (let found = this.reader?.readPlain(text, at); found; found = this.reader?.readPlain(text, at)) {
      at = found.end;
      this.lineNo += 1;
      this.keep(found.line);
    }
    return at;
  }

  private readLine(bytes: string): void {
    this.lineNo += 1;
    const text = Buffer.from(bytes, 'latin1').toString().replace(/\r$/, '');
    if (text === '') return;
    if (this.reader) this.accept(this.reader, text);
    else this.reader = new StatementReader(this.provider, headerOf(text), this.columns);
  }

  private accept(reader: StatementReader, text: string): void {
    try {
      this.keep(reader.read(cellsOf(text)));
    } catch (error) {
      if (!(error instanceof BadLine)) throw error;
      this.count += 1;
      this.badCount += 1;
      if (this.bad.length < MAX_REPORTED) this.bad.push({ line: this.lineNo, message: error.message });
    }
  }

  private keep({ transactionId, providerReference, reference, succeeded, amount, unit, at }: StatementLine): void {
    this.count += 1;
    if (this.first === null || at < this.first) this.first = at;
    if (this.last === null || at > this.last) this.last = at;
    const again = transactionId !== null && this.seen.add(transactionId) ? 't' : 'f';
    const ids = `${transactionId ?? '\\N'}\t${escaped(providerReference)}\t${escaped(reference)}`;
    this.rows += `${this.lineNo}\t${ids}\t${succeeded ? 't' : 'f'}\t${amount}\t${unit}\t${at}\t${again}\n`;
  }
}

/** @throws Problem `validation_failed` */
function headerOf(text: string): string[] {
  try {
    return cellsOf(text.replace(BYTE_ORDER_MARK, ''));
  } catch {
    throw Problem.invalid('/file', 'cannot be read as CSV in its first line');
  }
}

/** @throws BadLine */
function cellsOf(text: string): string[] {
  if (!text.includes('"')) return text.split(',');
  try {
    const [cells = []] = parse(text, { relax_column_count: true });
    return cells;
  } catch {
    throw new BadLine('cannot be read as CSV');
  }
}

/** PostgreSQL, COPY, text format. No reference has control characters. */
function escaped(text: string | null): string {
  if (text === null) return '\\N';
  return text.includes('\\') ? text.replaceAll('\\', '\\\\') : text;
}
