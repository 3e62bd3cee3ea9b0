import type { RowBuffer } from './row-buffer.js';
import type { SeenIds } from './seen-ids.js';
import type { PlainValue } from './statement-format.js';
import type { TimeSpan } from './time-span.js';

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const COMMA = 44;
const POINT = 46;
const LETTER_S = 83;
const TRUE = 116;
const FALSE = 102;
/** Of what is not in the line: its number, tabs, and what stands for empty cells. */
const ROOM = 256;

interface Piece {
  /** The cell's place in the line; -1: there is none. */
  readonly position: number;
  readonly as: PlainValue['as'];
  readonly otherwise: Buffer;
}

interface Line {
  readonly bytes: Buffer;
  readonly start: number;
  /** Behind its end. */
  readonly end: number;
}

/** Makes a row of a line that is known to be plain, from bytes to bytes. */
export class PlainRow {
  private readonly pieces: readonly Piece[];
  /** Of the line at hand: where each cell begins and, behind the last, where one more would. */
  private readonly starts: Int32Array;

  /** The row's values before `again`: our id first, the time last. */
  constructor(values: readonly (PlainValue | string)[], positions: ReadonlyMap<string, number>) {
    this.pieces = values.map((value) => {
      if (typeof value === 'string') return { position: -1, as: 'text', otherwise: Buffer.from(value) };
      const { column, as, otherwise } = value;
      return { position: positions.get(column) ?? -1, as, otherwise: Buffer.from(otherwise) };
    });
    this.starts = new Int32Array(Math.max(...positions.values()) + 2);
  }

  write(out: RowBuffer, lineNo: number, line: Line, { seen, span }: { seen: SeenIds; span: TimeSpan }): void {
    this.findCells(line);
    out.ensure(line.end - line.start + ROOM);
    out.digits(lineNo);
    for (const piece of this.pieces) this.writePiece(out, piece, line.bytes);
    const [id, at] = [this.pieces[0], this.pieces.at(-1)];
    const [idStart, idEnd] = [this.startOf(id), this.endOf(id)];
    span.add(line.bytes, this.startOf(at), this.endOf(at) - 1);
    out.byte(TAB);
    out.byte(idEnd > idStart && seen.add(line.bytes, idStart, idEnd) ? TRUE : FALSE);
    out.byte(NEWLINE);
  }

  private writePiece(out: RowBuffer, piece: Piece, bytes: Buffer): void {
    const [start, end] = [this.startOf(piece), this.endOf(piece)];
    out.byte(TAB);
    if (end <= start) out.copy(piece.otherwise, 0, piece.otherwise.length);
    else if (piece.as === 'text') out.copy(bytes, start, end);
    else if (piece.as === 'utc') out.copy(bytes, start, end - 1);
    else if (piece.as === 'outcome') out.byte(bytes[start] === LETTER_S ? TRUE : FALSE);
    else for (let at = start; at < end; at += 1) if (bytes[at] !== POINT) out.byte(bytes[at] ?? 0);
  }

  /** Plain cells have no commas in them. */
  private findCells({ bytes, start, end }: Line): void {
    const { starts } = this;
    const last = bytes[end - 2] === RETURN ? end - 2 : end - 1;
    let cell = 0;
    starts[0] = start;
    for (let at = start; at < last && cell < starts.length - 1; at += 1) {
      if (bytes[at] === COMMA) starts[(cell += 1)] = at + 1;
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
