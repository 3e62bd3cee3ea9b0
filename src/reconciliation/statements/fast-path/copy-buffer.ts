const CHUNK_BYTES = 1536 * 1024;
const ZERO = 48;
const TEN = 10;

/** A growing byte buffer. The values of up to a million lines are copied as bytes, without creating strings. */
export class CopyBuffer {
  size = 0;
  private bytes = Buffer.allocUnsafe(CHUNK_BYTES);
  private spare = Buffer.allocUnsafe(CHUNK_BYTES);

  /** Makes room for `room` more bytes. Call it before `byte`, `copy` and `digits`. */
  ensure(room: number): void {
    if (this.bytes.length - this.size >= room) return;
    const larger = Buffer.allocUnsafe(this.bytes.length + Math.max(room, CHUNK_BYTES));
    this.bytes.copy(larger, 0, 0, this.size);
    this.bytes = larger;
  }

  byte(code: number): void {
    this.bytes[this.size] = code;
    this.size += 1;
  }

  /** Copies the bytes of `source` from `start` to before `end`. */
  copy(source: Buffer, start: number, end: number): void {
    const { bytes } = this;
    let to = this.size;
    for (let at = start; at < end; at += 1) bytes[to++] = source[at] ?? 0;
    this.size = to;
  }

  /** Writes a whole number of at most 31 bits in decimal digits. */
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

  /** Returns the bytes written since the last call. They are valid until the next call. */
  take(): Buffer {
    const taken = this.bytes;
    this.bytes = this.spare;
    this.spare = taken;
    const { size } = this;
    this.size = 0;
    return taken.subarray(0, size);
  }
}
