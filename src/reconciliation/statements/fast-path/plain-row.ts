import type { IdRange } from './id-range.js';
import type { LineTimes } from './line-times.js';
import type { CopyBuffer } from './copy-buffer.js';
import { hashOf, type BloomFilter } from './bloom-filter.js';
import type { PlainValue, StatementFormat } from '../reading/statement-format.js';

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const POINT = 46;
const ZERO = 48;
const LETTER_S = 83;
const TRUE = 116;
const FALSE = 102;
/** Bytes for values that are not in the line: its number, its mark, tabs, and substitutes for empty cells. */
const EXTRA_BYTES = 256;
const MINUTES_OF_DAY = 24 * 60;
/** Positions in `YYYY-MM-DDTHH:MM`. */
const HOUR_AT = 11;
const MINUTE_AT = 14;

interface Piece {
  /** The position of the cell in the line; -1: there is no such cell. */
  readonly position: number;
  readonly as: PlainValue['as'];
  readonly otherwise: Buffer;
}

interface Line {
  readonly bytes: Buffer;
  readonly start: number;
  /** The index after the end of the line. */
  readonly end: number;
}

/** State that all lines of a file share. */
interface PlainContext {
  readonly seen: BloomFilter;
  readonly times: LineTimes;
  readonly ids: IdRange;
}

/** Converts a plain line to a row for COPY, from bytes to bytes. */
export class PlainRow {
  private readonly pieces: readonly Piece[];
  private readonly markAt: number;
  private readonly isMinute: boolean;
  /** The start of each cell of the current line and, as the last entry, the start of a further cell. */
  private readonly starts: Int32Array;

  constructor(
    { plain, mark }: StatementFormat,
    positions: ReadonlyMap<string, number>,
    private readonly delimiter: number,
  ) {
    this.pieces = plain.map((value) => {
      if (typeof value === 'string') return { position: -1, as: 'text', otherwise: Buffer.from(value) };
      const { column, as, otherwise } = value;
      return { position: positions.get(column) ?? -1, as, otherwise: Buffer.from(otherwise) };
    });
    this.markAt = positions.get(mark.column) ?? -1;
    this.isMinute = mark.as === 'minute';
    this.starts = new Int32Array(Math.max(...positions.values()) + 2);
  }

  /** Writes the row. Returns false and writes nothing if the time of the line needs the slow path. */
  write(out: CopyBuffer, lineNo: number, line: Line, { seen, times, ids }: PlainContext): boolean {
    this.findCells(line);
    const { bytes } = line;
    const [id, at] = [this.pieces[0], this.pieces.at(-1)];
    const atStart = this.startOf(at);
    const day = times.dayOf(bytes, atStart);
    if (!times.isPast(day)) return false;
    times.add(day, bytes, atStart, this.endOf(at) - 1);
    out.ensure(line.end - line.start + EXTRA_BYTES);
    out.digits(lineNo);
    for (const piece of this.pieces) this.writePiece(out, piece, bytes);
    const [idStart, idEnd] = [this.startOf(id), this.endOf(id)];
    ids.add(bytes, idStart, idEnd);
    out.byte(TAB);
    out.byte(idEnd > idStart && seen.add(bytes, idEnd) ? TRUE : FALSE);
    out.byte(TAB);
    out.digits(this.isMinute ? this.minuteOf(bytes, atStart, day) : this.hashOfMark(bytes));
    out.byte(NEWLINE);
    return true;
  }

  private minuteOf(bytes: Buffer, start: number, day: number): number {
    const hour = twoDigits(bytes, start + HOUR_AT);
    return (day * MINUTES_OF_DAY + hour * 60 + twoDigits(bytes, start + MINUTE_AT)) * 2;
  }

  private hashOfMark(bytes: Buffer): number {
    return hashOf(bytes, this.starts[this.markAt] ?? 0, (this.starts[this.markAt + 1] ?? 0) - 1) >>> 1;
  }

  private writePiece(out: CopyBuffer, piece: Piece, bytes: Buffer): void {
    const [start, end] = [this.startOf(piece), this.endOf(piece)];
    out.byte(TAB);
    if (end <= start) out.copy(piece.otherwise, 0, piece.otherwise.length);
    else if (piece.as === 'text') out.copy(bytes, start, end);
    else if (piece.as === 'utc') out.copy(bytes, start, end - 1);
    else if (piece.as === 'outcome') out.byte(bytes[start] === LETTER_S ? TRUE : FALSE);
    else for (let at = start; at < end; at += 1) if (bytes[at] !== POINT) out.byte(bytes[at] ?? 0);
  }

  /** Plain cells contain no delimiters. */
  private findCells({ bytes, start, end }: Line): void {
    const { starts, delimiter } = this;
    const last = bytes[end - 2] === RETURN ? end - 2 : end - 1;
    let cell = 0;
    starts[0] = start;
    for (let at = start; at < last && cell < starts.length - 1; at += 1) {
      if (bytes[at] === delimiter) starts[(cell += 1)] = at + 1;
    }
    if (cell < starts.length - 1) starts[cell + 1] = last + 1;
  }

  private startOf(piece: Piece | undefined): number {
    return piece === undefined || piece.position < 0 ? 0 : (this.starts[piece.position] ?? 0);
  }

  private endOf(piece: Piece | undefined): number {
    return piece === undefined || piece.position < 0 ? 0 : (this.starts[piece.position + 1] ?? 0) - 1;
  }
}

function twoDigits(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? ZERO) - ZERO) * 10 + (bytes[at + 1] ?? ZERO) - ZERO;
}
