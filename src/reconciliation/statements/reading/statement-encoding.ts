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
/** Of text in which a character is a byte. */
const NOT_ASCII = /[\x80-\xff]/;
const REPLACEMENT = '\ufffd';
const WINDOWS_1252 = new TextDecoder('windows-1252');

/**
 * What the bytes of a file are. UTF-16 becomes UTF-8; everything else stays as it is and is decoded a cell at a time: by
 * the byte order mark, or as declared, or, from the first line that is not ASCII, as UTF-8 where that fits, otherwise as
 * Windows-1252.
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

  /** @throws Problem when the mark contradicts what was declared */
  read(chunk: Buffer): Buffer {
    if (this.begun) return this.transcode(chunk);
    this.beginning = this.beginning.length === 0 ? chunk : Buffer.concat([this.beginning, chunk]);
    return this.beginning.length < LONGEST_MARK ? EMPTY : this.begin();
  }

  /** What is left when the file has ended. */
  end(): Buffer {
    const rest = this.begun ? EMPTY : this.begin();
    const last = this.utf16?.decode() ?? '';
    return last === '' ? rest : Buffer.concat([rest, Buffer.from(last)]);
  }

  /** The first line that is not ASCII says what the file is, unless that is known. A character of `line` is a byte. */
  learn(line: string): void {
    if (this.found !== null || !NOT_ASCII.test(line)) return;
    this.found = isUtf8(Buffer.from(line, 'latin1')) ? 'utf-8' : 'windows-1252';
  }

  /** The text of a cell in which a character is a byte. @throws BadLine */
  decode(cell: string, column: string | null): string {
    if (!NOT_ASCII.test(cell)) return cell;
    const bytes = Buffer.from(cell, 'latin1');
    const fits = isUtf8(bytes);
    if (this.found === 'windows-1252') {
      // In a file of one encoding a cell of the other: which one is right is not known.
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
      throw Problem.invalid('/format/encoding', `contradicts the file, which begins with the mark of ${marked}`);
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
