import { TextSpan } from './text-span.js';

const VERSION_AT = 14;
const SEVEN = 55;

/** The lowest and the highest UUID v7 in a file. The gateway's own ids are UUID v7, which begin with a time. */
export class IdRange extends TextSpan {
  /** The bytes are a UUID in lower case, or empty. */
  override add(bytes: Uint8Array, start: number, end: number): void {
    if (end > start && bytes[start + VERSION_AT] === SEVEN) super.add(bytes, start, end);
  }
}
