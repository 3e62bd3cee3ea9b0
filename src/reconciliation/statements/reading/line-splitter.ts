const MAX_LINE_LENGTH = 64 * 1024;
const EMPTY = Buffer.alloc(0);
const NEWLINE = 10;

/** Receives the lines of a file while it arrives. */
export interface LineSink {
  /** Takes the plain lines from `start` on in the fast path. Returns the start of the first line that is not plain. */
  takePlain(bytes: Buffer, text: string, start: number): number;
  /** Takes a line without its line end, or the beginning of a line that is too long. Each character is one byte. */
  takeLine(line: string, isTooLong: boolean): void;
}

/** Cuts bytes into lines. The result does not depend on the chunks in which they arrive. */
export class LineSplitter {
  private rest: Buffer = EMPTY;
  /** True while `rest` is the beginning of a line that is too long; the remainder of that line is dropped. */
  private isDropping = false;

  constructor(private readonly sink: LineSink) {}

  add(chunk: Buffer): void {
    if (this.rest.length === 0) return this.cut(chunk);
    const end = chunk.indexOf(NEWLINE) + 1;
    if (end === 0) return this.keep(Buffer.concat([this.rest, chunk]));
    this.cut(Buffer.concat([this.rest, chunk.subarray(0, end)]));
    this.cut(chunk.subarray(end));
  }

  /** The file has ended: takes the last line. */
  end(): void {
    const last = this.rest.toString('latin1');
    this.rest = EMPTY;
    if (last !== '') this.take(last);
  }

  private cut(bytes: Buffer): void {
    // One character per byte; cells that are not plain are decoded one by one later.
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

  /** Removes all carriage returns at the end: some programs write more than one. */
  private take(line: string): void {
    this.isDropping = false;
    const isTooLong = line.length > MAX_LINE_LENGTH;
    this.sink.takeLine(isTooLong ? line.slice(0, MAX_LINE_LENGTH) : line.replace(/\r+$/, ''), isTooLong);
  }
}

export function isLineTooLong(length: number): boolean {
  return length > MAX_LINE_LENGTH;
}
