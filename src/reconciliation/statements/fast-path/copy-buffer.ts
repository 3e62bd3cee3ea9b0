const ROOM = 1536 * 1024;
const ZERO = 48;
const TEN = 10;

/** Bytes that grow: what is written a million times a statement is copied, and makes no strings. */
export class CopyBuffer {
  size = 0;
  private bytes = Buffer.allocUnsafe(ROOM);
  private spare = Buffer.allocUnsafe(ROOM);

  /** Whoever writes bytes has asked for so many before. */
  ensure(room: number): void {
    if (this.bytes.length - this.size >= room) return;
    const larger = Buffer.allocUnsafe(this.bytes.length + Math.max(room, ROOM));
    this.bytes.copy(larger, 0, 0, this.size);
    this.bytes = larger;
  }

  byte(code: number): void {
    this.bytes[this.size] = code;
    this.size += 1;
  }

  /** Those of `source` from `start` to before `end`. */
  copy(source: Buffer, start: number, end: number): void {
    const { bytes } = this;
    let to = this.size;
    for (let at = start; at < end; at += 1) bytes[to++] = source[at] ?? 0;
    this.size = to;
  }

  /** A whole number of 31 bits, in decimal digits. */
  digits(value: number): void {
    let length = 1;
    for (let left = (value / TEN) | 0; left > 0; left = (left / TEN) | 0) length += 1;
    this.size += length;
    for (let at = 1, left = value; at <= length; at += 1, left = (left / TEN) | 0) {
      this.bytes[this.size - at] = ZERO + (left % TEN);
    }
  }

  text(text: string): void {
    this.ensure(text.length * 3);
    this.size += this.bytes.write(text, this.size);
  }

  /** What is there since the last time; its bytes are used again after the next time. */
  take(): Buffer {
    const taken = this.bytes;
    this.bytes = this.spare;
    this.spare = taken;
    const { size } = this;
    this.size = 0;
    return taken.subarray(0, size);
  }
}
