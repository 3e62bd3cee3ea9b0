import { TextSpan } from './text-span.js';

const VERSION_AT = 14;
const SEVEN = 55;

/** The first and the last of the ids of the gateway's own kind (UUID v7, which begin with a time) in a file. */
export class IdRange extends TextSpan {
  /** A UUID in lower case in those bytes, or nothing. */
  override add(bytes: Uint8Array, start: number, end: number): void {
    if (end > start && bytes[start + VERSION_AT] === SEVEN) super.add(bytes, start, end);
  }
}
