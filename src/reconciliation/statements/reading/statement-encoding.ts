import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { Problem } from '../../../common/problem.js';
import { BadLine } from '../bad-lines/bad-line.js';

export const ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'] as const;
export type Encoding = (typeof ENCODINGS)[number];

const MARKS: readonly (readonly [Encoding, Buffer])[] = [
  ['utf-8', Buffer.from([0xef, 0xbb, 0xbf])],
  ['utf-16le', Buffer.from([0xff, 0xfe])],
  ['utf-16be', Buffer.from([0xfe, 0xff])],
];
const LONGEST_MARK = 3;
const EMPTY = Buffer.alloc(0);
/** For text with one character per byte. */
const NOT_ASCII = /[\x80-\xff]/;
const REPLACEMENT = '\ufffd';
const WINDOWS_1252 = new TextDecoder('windows-1252');

/**
 * Detects and decodes the encoding of a file. UTF-16 is converted to UTF-8; other bytes are decoded cell by cell. The
 * encoding comes from the byte order mark or the declaration. Without both, the first line that is not ASCII decides:
 * UTF-8 if it is valid UTF-8, otherwise Windows-1252.
 */
export class StatementEncoding {
  private found: Encoding | null;
  private utf16: TextDecoder | null = null;
  private begun = false;
  private beginning: Buffer = EMPTY;

  constructor(private readonly declared: Encoding | null) {
    this.found = declared;
  }

  /** null: every line so far is ASCII. */
  get encoding(): Encoding | null {
    return this.found;
  }

  /** @throws Problem when the byte order mark contradicts the declared encoding */
  read(chunk: Buffer): Buffer {
    if (this.begun) return this.transcode(chunk);
    this.beginning = this.beginning.length === 0 ? chunk : Buffer.concat([this.beginning, chunk]);
    return this.beginning.length < LONGEST_MARK ? EMPTY : this.begin();
  }

  /** Returns the remaining bytes at the end of the file. */
  end(): Buffer {
    const rest = this.begun ? EMPTY : this.begin();
    const last = this.utf16?.decode() ?? '';
    return last === '' ? rest : Buffer.concat([rest, Buffer.from(last)]);
  }

  /**
   * Detects the encoding from the first line that is not ASCII, unless it is known. `line` has one character per byte.
   */
  detect(line: string): void {
    if (this.found !== null || !NOT_ASCII.test(line)) return;
    this.found = isUtf8(Buffer.from(line, 'latin1')) ? 'utf-8' : 'windows-1252';
  }

  /** Decodes a cell that has one character per byte. @throws BadLine */
  decode(cell: string, column: string | null): string {
    if (!NOT_ASCII.test(cell)) return cell;
    const bytes = Buffer.from(cell, 'latin1');
    const fits = isUtf8(bytes);
    if (this.found === 'windows-1252') {
      // A UTF-8 cell in a Windows-1252 file: the right encoding is not known.
      if (fits && this.declared === null) throw new BadLine('encoding', column);
      return WINDOWS_1252.decode(bytes);
    }
    const text = bytes.toString();
    if (!fits || text.includes(REPLACEMENT)) throw new BadLine('encoding', column);
    return text;
  }

  private begin(): Buffer {
    const bytes = this.beginning;
    this.begun = true;
    this.beginning = EMPTY;
    const [marked, mark] = MARKS.find(([, one]) => bytes.subarray(0, one.length).equals(one)) ?? [null, EMPTY];
    if (marked !== null && this.declared !== null && marked !== this.declared) {
      throw Problem.invalid(
        '/format/encoding',
        `contradicts the file, which begins with the byte order mark of ${marked}`,
      );
    }
    this.found = marked ?? this.declared;
    if (this.found === 'utf-16le' || this.found === 'utf-16be') {
      this.utf16 = new TextDecoder(this.found, { ignoreBOM: true });
    }
    return this.transcode(bytes.subarray(mark.length));
  }

  private transcode(chunk: Buffer): Buffer {
    return this.utf16 === null ? chunk : Buffer.from(this.utf16.decode(chunk, { stream: true }));
  }
}
