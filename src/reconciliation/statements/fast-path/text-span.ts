/** The longest texts: a UUID, or a time with nanoseconds. */
const LENGTH = 36;

/** The first and the last of the added ASCII texts in byte order; null: none was added. */
export class TextSpan {
  private readonly least = new Text();
  private readonly most = new Text();

  add(bytes: Uint8Array, start: number, end: number): void {
    if (this.most.length === 0) {
      this.least.set(bytes, start, end);
      this.most.set(bytes, start, end);
    } else if (this.most.compare(bytes, start, end) < 0) this.most.set(bytes, start, end);
    else if (this.least.compare(bytes, start, end) > 0) this.least.set(bytes, start, end);
  }

  get first(): string | null {
    return this.least.toString() || null;
  }

  get last(): string | null {
    return this.most.toString() || null;
  }
}

class Text {
  length = 0;
  private readonly bytes = Buffer.alloc(LENGTH);

  set(bytes: Uint8Array, start: number, end: number): void {
    this.length = end - start;
    for (let at = 0; at < this.length; at += 1) this.bytes[at] = bytes[start + at] ?? 0;
  }

  /** Compares like a sort function: positive when this text is greater. A prefix is less than the longer text. */
  compare(bytes: Uint8Array, start: number, end: number): number {
    const shared = Math.min(this.length, end - start);
    for (let at = 0; at < shared; at += 1) {
      const difference = (this.bytes[at] ?? 0) - (bytes[start + at] ?? 0);
      if (difference !== 0) return difference;
    }
    return this.length - (end - start);
  }

  toString(): string {
    return this.bytes.toString('latin1', 0, this.length);
  }
}
