import { Problem } from '../../../common/problem.js';
import { BadLine, reportOf, type BadLineCode, type BadLineReport } from '../bad-lines/bad-line.js';
import { copyText } from './copy-text.js';
import { NOTHING_DECLARED, type DeclaredFormat } from './declared-format.js';
import { IdRange } from '../fast-path/id-range.js';
import { arrayText, type KeptCell } from '../bad-lines/kept-cells.js';
import { HeaderSearch, returnsOnly } from './header-search.js';
import { isLineTooLong, LineSplitter, type LineSink } from './line-splitter.js';
import { LineTimes } from '../fast-path/line-times.js';
import type { PlainRow } from '../fast-path/plain-row.js';
import { CopyBuffer } from '../fast-path/copy-buffer.js';
import { BloomFilter } from '../fast-path/bloom-filter.js';
import { StatementEncoding } from './statement-encoding.js';
import type { SampleLine } from './statement-file.js';
import type { LineIds, StatementLine } from './statement-format.js';
import type { ColumnNames, Header } from './statement-header.js';
import { StatementReader } from './statement-reader.js';

const MAX_REPORTED = 100;
const DAY_MS = 24 * 60 * 60_000;

export interface RowOptions {
  readonly provider: string;
  readonly columns: ColumnNames;
  readonly format?: DeclaredFormat;
  /** For tests: milliseconds. */
  readonly now?: number;
  /** The number of first lines to keep as they were read, for the preview. */
  readonly samples?: number;
  /** For tests: every line takes the slow path. */
  readonly isCareful?: boolean;
}

interface Refused extends Pick<BadLine, 'code' | 'column'> {
  readonly cells: readonly KeptCell[] | null;
}

/**
 * Converts the bytes of a statement to rows in PostgreSQL's text format: rows of lines that can be compared, and rows
 * of lines that only name their transactions. Each line is one record. A line that cannot be read is reported and does
 * not affect other lines.
 */
export class StatementRows implements LineSink {
  count = 0;
  /** Lines that can be compared. */
  kept = 0;
  pending = 0;
  readonly bad: BadLineReport[] = [];
  readonly badCounts = new Map<BadLineCode, number>();
  readonly samples: SampleLine[] = [];
  readonly times: LineTimes;
  readonly ids = new IdRange();
  private readonly rows = new CopyBuffer();
  private readonly named = new CopyBuffer();
  readonly seen = new BloomFilter();
  private readonly bytes: StatementEncoding;
  private readonly lines = new LineSplitter(this);
  private readonly search: HeaderSearch;
  private reader: StatementReader | null = null;
  private plainRow: PlainRow | null = null;
  private lineNo = 0;

  /** @throws Problem `validation_failed` when `columns` names unknown columns */
  constructor(private readonly options: RowOptions) {
    const { provider, columns, format = NOTHING_DECLARED, now = Date.now() } = options;
    this.bytes = new StatementEncoding(format.encoding);
    this.search = new HeaderSearch(provider, columns, { declared: format.delimiter, encoding: this.bytes });
    this.times = new LineTimes(now + DAY_MS);
  }

  get badCount(): number {
    return [...this.badCounts.values()].reduce((sum, one) => sum + one, 0);
  }

  /** The number of bytes that were not taken yet. */
  get size(): number {
    return this.rows.size + this.named.size;
  }

  /** The header; null: not found yet. */
  get header(): (Header & { readonly line: number }) | null {
    return this.search.found;
  }

  get encoding(): string {
    return this.bytes.encoding ?? 'utf-8';
  }

  /** @throws Problem `validation_failed` when the first lines do not contain the header */
  add(chunk: Buffer): void {
    this.lines.add(this.bytes.read(chunk));
  }

  /** Call it at the end of the file. @throws Problem `validation_failed` when the file has no header */
  end(): void {
    this.lines.add(this.bytes.end());
    this.lines.end();
    if (this.reader === null) throw this.search.missing();
  }

  /** Returns the rows since the last call. They are valid until the next call. */
  take(): { readonly lines: Buffer; readonly named: Buffer } {
    return { lines: this.rows.take(), named: this.named.take() };
  }

  /** Converts consecutive plain lines in the fast path; nearly all lines are plain. */
  takePlain(bytes: Buffer, text: string, start: number): number {
    const { reader, plainRow, rows } = this;
    if (!reader || !plainRow || this.options.isCareful || this.samples.length < (this.options.samples ?? 0))
      return start;
    let at = start;
    for (let end = reader.endOfPlain(text, at); end > 0; end = reader.endOfPlain(text, at)) {
      if (isLineTooLong(end - at)) return at;
      if (!plainRow.write(rows, this.lineNo + 1, { bytes, start: at, end }, this)) return at;
      this.lineNo += 1;
      this.count += 1;
      this.kept += 1;
      at = end;
    }
    return at;
  }

  takeLine(line: string, isTooLong: boolean): void {
    if (!isTooLong) this.bytes.detect(line);
    if (this.reader) return isTooLong ? this.refuseLong(this.reader, line) : this.acceptAll(this.reader, line);
    this.lineNo += 1;
    if (isTooLong) throw Problem.invalid('/file', 'has no header line: its first line is too long');
    const header = this.search.tryLine(line, this.lineNo);
    if (header === null) return;
    const { format = NOTHING_DECLARED, provider } = this.options;
    const notation = {
      amounts: { decimal: format.decimal, thousands: format.thousands },
      times: { order: format.dates ?? 'yyyy-mm-dd', clock: format.clock } as const,
      latest: this.times.latest,
    };
    this.reader = new StatementReader(provider, { header, notation, encoding: this.bytes });
    this.plainRow = this.reader.plainRow();
  }

  private acceptAll(reader: StatementReader, text: string): void {
    for (const line of reader.linesIn(text)) {
      this.lineNo += 1;
      this.accept(reader, line);
    }
  }

  /** @throws Problem when the text has several lines separated by carriage returns: the dropped ones would be lost */
  private refuseLong(reader: StatementReader, beginning: string): void {
    if (reader.linesIn(beginning.slice(0, beginning.lastIndexOf('\r'))).length > 1) throw returnsOnly();
    this.lineNo += 1;
    this.refuse(new BadLine('line_too_long'), [], null);
  }

  private accept(reader: StatementReader, text: string): void {
    const reading = reader.read(text);
    if (reading === null) return;
    if ('bad' in reading) return this.refuse(reading.bad, reading.ids, reading.cells);
    const { line } = reading;
    this.count += 1;
    this.sample({ number: this.lineNo, line, bad: null });
    if (line.outcome === 'pending') this.pending += 1;
    if (line.outcome === 'pending' || line.outcome === 'reversal') this.writeNamed(line.outcome, line, line);
    if (line.outcome === 'succeeded' || line.outcome === 'failed') this.writeLine(line);
  }

  private refuse({ code, column }: BadLine, ids: readonly LineIds[], cells: readonly KeptCell[] | null): void {
    this.count += 1;
    const report = reportOf(this.lineNo, code, column);
    this.badCounts.set(code, (this.badCounts.get(code) ?? 0) + 1);
    if (this.bad.length < MAX_REPORTED) this.bad.push(report);
    this.sample({ number: this.lineNo, line: null, bad: report });
    const [first = { transactionId: null, providerReference: null, reference: null }, ...others] = ids;
    this.writeNamed('bad', first, null, { code, column, cells });
    for (const one of others) this.writeNamed('named', one, null);
  }

  private writeLine(line: StatementLine): void {
    const { transactionId, amount, unit, mark, at } = line;
    this.kept += 1;
    const id = Buffer.from(transactionId ?? '');
    this.ids.add(id, 0, id.length);
    const mayBeDuplicate = id.length > 0 && this.seen.add(id, id.length) ? 't' : 'f';
    this.addTime(at);
    const outcome = line.outcome === 'succeeded' ? 't' : 'f';
    const values = [...idsOf(line), outcome, amount, unit, at, mayBeDuplicate, String(mark)].map(copyText);
    this.rows.text(`${this.lineNo}\t${values.join('\t')}\n`);
  }

  private addTime(at: string | null): void {
    if (at === null) return;
    const bytes = Buffer.from(at);
    this.times.add(this.times.dayOf(bytes, 0), bytes, 0, bytes.length);
  }

  /** Writes a row for a line that names a transaction but is not compared. */
  private writeNamed(
    kind: 'bad' | 'named' | 'pending' | 'reversal',
    ids: LineIds,
    line: StatementLine | null,
    refused: Refused | null = null,
  ): void {
    const lineValues = [line?.amount ?? null, line?.unit ?? null, line?.at ?? null];
    const cells = refused?.cells ? arrayText(refused.cells) : null;
    const fault = [refused?.code ?? null, refused?.column ?? null];
    const values = [kind, ...fault, ...idsOf(ids), ...lineValues, cells].map(copyText);
    this.named.text(`${this.lineNo}\t${values.join('\t')}\n`);
  }

  private sample(one: SampleLine): void {
    if (this.samples.length < (this.options.samples ?? 0)) this.samples.push(one);
  }
}

function idsOf({ transactionId, providerReference, reference }: LineIds): (string | null)[] {
  return [transactionId, providerReference, reference];
}
