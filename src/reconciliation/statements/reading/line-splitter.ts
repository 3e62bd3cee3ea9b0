const MAX_LINE_LENGTH = 64 * 1024;
const EMPTY = Buffer.alloc(0);
const NEWLINE = 10;

/** Takes lines out of bytes as they come; what it is given has no end yet. */
export interface LineSink {
  /** Lines that are read in a quick way, from `start` on; answers where the first other one begins. */
  takePlain(bytes: Buffer, text: string, start: number): number;
  /** A line without its end, in which a character is a byte; of one that is too long the beginning. */
  takeLine(line: string, isTooLong: boolean): void;
}

/** Cuts bytes into lines, in the same way however they come. */
export class LineSplitter {
  private rest: Buffer = EMPTY;
  /** The rest is the beginning of a line that is too long: what follows of it is dropped. */
  private isDropping = false;

  constructor(private readonly sink: LineSink) {}

  add(chunk: Buffer): void {
    if (this.rest.length === 0) return this.cut(chunk);
    const end = chunk.indexOf(NEWLINE) + 1;
    if (end === 0) return this.keep(Buffer.concat([this.rest, chunk]));
    this.cut(Buffer.concat([this.rest, chunk.subarray(0, end)]));
    this.cut(chunk.subarray(end));
  }

  /** What has come is the whole of the last line. */
  end(): void {
    const last = this.rest.toString('latin1');
    this.rest = EMPTY;
    if (last !== '') this.take(last);
  }

  private cut(bytes: Buffer): void {
    // What is not plain is decoded cell by cell.
    const text = bytes.toString('latin1');
    let at = this.isDropping ? 0 : this.sink.takePlain(bytes, text, 0);
    for (let end = text.indexOf('\n', at); end >= 0; end = text.indexOf('\n', at)) {
      this.take(text.slice(at, end));
      at = this.sink.takePlain(bytes, text, end + 1);
    }
    this.keep(bytes.subarray(at));
  }

  private keep(rest: Buffer): void {
    this.isDropping ||= rest.length > MAX_LINE_LENGTH;
    this.rest = this.isDropping ? Buffer.from(rest.subarray(0, MAX_LINE_LENGTH + 1)) : rest;
  }

  /** Some programs end lines with more than one carriage return. */
  private take(line: string): void {
    this.isDropping = false;
    const isTooLong = line.length > MAX_LINE_LENGTH;
    this.sink.takeLine(isTooLong ? line.slice(0, MAX_LINE_LENGTH) : line.replace(/\r+$/, ''), isTooLong);
  }
}

export function isLineTooLong(length: number): boolean {
  return length > MAX_LINE_LENGTH;
}
