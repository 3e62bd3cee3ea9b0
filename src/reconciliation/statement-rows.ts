import { parse } from 'csv-parse/sync';
import { Problem } from '../problem.js';
import type { PlainRow } from './plain-row.js';
import { RowBuffer } from './row-buffer.js';
import { SeenIds } from './seen-ids.js';
import type { BadLineReport, Span } from './statement-file.js';
import { BadLine, type StatementLine, type StatementProvider } from './statement-format.js';
import { StatementReader } from './statement-reader.js';
import { TimeSpan } from './time-span.js';

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
  private readonly out = new RowBuffer();
  private readonly context = { seen: new SeenIds(), span: new TimeSpan() };
  private reader: StatementReader | null = null;
  private plainRow: PlainRow | null = null;
  private lineNo = 0;
  private rest: Buffer = Buffer.alloc(0);

  constructor(
    private readonly provider: StatementProvider,
    private readonly columns: Readonly<Record<string, string>>,
  ) {}

  get hasHeader(): boolean {
    return this.reader !== null;
  }

  /** Bytes of rows that were not taken yet. */
  get size(): number {
    return this.out.size;
  }

  get span(): Span {
    return this.context.span.span;
  }

  /** @throws Problem `validation_failed` when the first line names no columns of such a statement */
  add(chunk: Buffer): void {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    // One character for each byte: what is not plain is decoded line by line.
    const text = bytes.toString('latin1');
    let at = 0;
    for (;;) {
      at = this.addPlain(bytes, text, at);
      const end = text.indexOf('\n', at);
      if (end < 0) break;
      this.readLine(bytes.toString('utf8', at, end));
      at = end + 1;
    }
    this.rest = bytes.subarray(at);
    // A line that long is none; what of it is still to come is read as another one.
    if (this.rest.length > MAX_LINE_LENGTH) this.end();
  }

  /** What has come is the whole of the last line. */
  end(): void {
    const last = this.rest.toString('utf8', 0, MAX_LINE_LENGTH);
    this.rest = Buffer.alloc(0);
    if (last !== '') this.readLine(last);
  }

  /** The rows since the last time; good until the next time. */
  take(): Buffer {
    return this.out.take();
  }

  /** Nearly all lines are alike: as many of those as follow each other. Answers where the first other one begins. */
  private addPlain(bytes: Buffer, text: string, start: number): number {
    const { reader, plainRow } = this;
    if (!reader || !plainRow) return start;
    let at = start;
    for (let end = reader.endOfPlain(text, at); end > 0; end = reader.endOfPlain(text, at)) {
      this.lineNo += 1;
      this.count += 1;
      plainRow.write(this.out, this.lineNo, { bytes, start: at, end }, this.context);
      at = end;
    }
    return at;
  }

  private readLine(line: string): void {
    this.lineNo += 1;
    const text = line.replace(/\r$/, '');
    if (text === '') return;
    if (this.reader) return this.accept(this.reader, text);
    this.reader = new StatementReader(this.provider, headerOf(text), this.columns);
    this.plainRow = this.reader.plainRow();
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
    const time = Buffer.from(at);
    this.context.span.add(time, 0, time.length);
    const id = Buffer.from(transactionId ?? '');
    const again = transactionId !== null && this.context.seen.add(id, 0, id.length) ? 't' : 'f';
    const ids = `${transactionId ?? '\\N'}\t${escaped(providerReference)}\t${escaped(reference)}`;
    this.out.text(`${this.lineNo}\t${ids}\t${succeeded ? 't' : 'f'}\t${amount}\t${unit}\t${at}\t${again}\n`);
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
