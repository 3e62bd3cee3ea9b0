const VERSION_AT = 14;
const SEVEN = 55;
const HYPHEN_AT = 8;
const TIME_LENGTH = 13;
const LETTER_A = 97;
const ZERO = 48;

/** When the transactions of a file were begun, by their ids: those of the gateway (UUID v7) begin with milliseconds. */
export class IdRange {
  low = Number.MAX_SAFE_INTEGER;
  high = -1;

  /** A UUID in lower case in those bytes; ids of others do not count. */
  add(bytes: Uint8Array, start: number, end: number): void {
    if (end <= start || bytes[start + VERSION_AT] !== SEVEN) return;
    let milliseconds = 0;
    for (let at = 0; at < TIME_LENGTH; at += 1) {
      if (at === HYPHEN_AT) continue;
      const code = bytes[start + at] ?? ZERO;
      milliseconds = milliseconds * 16 + (code >= LETTER_A ? code - LETTER_A + 10 : code - ZERO);
    }
    if (milliseconds < this.low) this.low = milliseconds;
    if (milliseconds > this.high) this.high = milliseconds;
  }
}
