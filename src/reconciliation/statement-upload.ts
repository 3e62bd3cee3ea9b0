import { createHash } from 'node:crypto';
import { type Readable, Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import { Injectable } from '@nestjs/common';
import { parse } from 'csv-parse/sync';
import { from as copyFrom } from 'pg-copy-streams';
import { Database } from '../database/database.js';
import { Problem } from '../problem.js';
import type { BadLineReport } from './runs.js';
import { BadLine, StatementReader, type StatementLine, type StatementProvider } from './statement-format.js';

const MAX_LINE_LENGTH = 64 * 1024;
const MAX_REPORTED = 100;
const BYTE_ORDER_MARK = /^\ufeff/;

export interface Upload {
  readonly hash: Buffer;
  readonly lines: number;
  readonly bad: readonly BadLineReport[];
  readonly badCount: number;
}

export interface UploadRequest {
  readonly runId: string;
  readonly provider: StatementProvider;
  readonly columns: Readonly<Record<string, string>>;
}

/** Streams a statement into the database as it arrives: memory does not grow with the file. */
@Injectable()
export class StatementUpload {
  constructor(private readonly database: Database) {}

  /** @throws Problem `validation_failed` when the file is no statement of that provider */
  async store(file: Readable, { runId, provider, columns }: UploadRequest): Promise<Upload> {
    const hash = createHash('sha256').update(`${provider}\n${JSON.stringify(columns)}\n`);
    const lines = new LinesToCopy(runId, provider, columns);
    const hashed = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        done(null, chunk);
      },
    });
    const client = await this.database.pool.connect();
    let broken = true;
    try {
      const copy = client.query(
        copyFrom(`copy statement_lines (run_id, line_no, transaction_id, provider_reference, reference, succeeded,
          amount, unit, at) from stdin`),
      );
      await pipeline(file, hashed, lines, copy);
      broken = false;
    } finally {
      // A copy that was cut off is undone, and its connection is not used again.
      client.release(broken);
    }
    if (!lines.hasHeader) throw Problem.invalid('/file', 'is empty: its first line must name the columns');
    return { hash: hash.digest(), lines: lines.count, bad: lines.bad, badCount: lines.badCount };
  }
}

/**
 * The bytes of the file in, rows in PostgreSQL's text format out. A line is a record: one with a quote that is not closed
 * is a bad line, and takes no other with it.
 */
class LinesToCopy extends Transform {
  count = 0;
  badCount = 0;
  readonly bad: BadLineReport[] = [];
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';
  private lineNo = 0;
  private reader: StatementReader | null = null;
  private rows: string[] = [];

  constructor(
    private readonly runId: string,
    private readonly provider: StatementProvider,
    private readonly columns: Readonly<Record<string, string>>,
  ) {
    super();
  }

  get hasHeader(): boolean {
    return this.reader !== null;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const lines = (this.rest + this.decoder.write(chunk)).split('\n');
    this.rest = lines.pop() ?? '';
    // A line that long is none; what of it is still to come is read as another one.
    if (this.rest.length > MAX_LINE_LENGTH) lines.push(this.rest.slice(0, MAX_LINE_LENGTH));
    if (this.rest.length > MAX_LINE_LENGTH) this.rest = '';
    this.pass(lines, done);
  }

  override _flush(done: TransformCallback): void {
    const last = this.rest + this.decoder.end();
    this.pass(last === '' ? [] : [last], done);
  }

  private pass(lines: readonly string[], done: TransformCallback): void {
    try {
      for (const line of lines) this.readLine(line);
      const text = this.rows.join('');
      this.rows = [];
      done(null, text);
    } catch (error) {
      done(error instanceof Error ? error : new Error('a statement could not be read'));
    }
  }

  private readLine(line: string): void {
    this.lineNo += 1;
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (text === '') return;
    if (this.reader) this.accept(this.reader, text);
    else this.reader = new StatementReader(this.provider, headerOf(text), this.columns);
  }

  private accept(reader: StatementReader, text: string): void {
    this.count += 1;
    try {
      this.rows.push(toRow(this.runId, this.lineNo, reader.read(cellsOf(text))));
    } catch (error) {
      if (!(error instanceof BadLine)) throw error;
      this.badCount += 1;
      if (this.bad.length < MAX_REPORTED) this.bad.push({ line: this.lineNo, message: error.message });
    }
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

function toRow(runId: string, lineNo: number, line: StatementLine): string {
  const { transactionId, providerReference, reference, succeeded, amount, unit, at } = line;
  const ids = [transactionId, providerReference, reference].map((id) => (id === null ? '\\N' : escaped(id)));
  const rest = [succeeded ? 't' : 'f', String(amount), unit, at];
  return `${runId}\t${lineNo}\t${ids.join('\t')}\t${rest.join('\t')}\n`;
}

/** PostgreSQL, COPY, text format. */
function escaped(text: string): string {
  return /[\\\t\n\r]/.test(text)
    ? text.replace(/[\\\t\n\r]/g, (character) => ({ '\t': '\\t', '\n': '\\n', '\r': '\\r' })[character] ?? '\\\\')
    : text;
}
