const BITS = 2 ** 27;
/** The end of a UUID, of which 62 bits are random in versions 4 and 7. */
const RANDOM_LENGTH = 'xxxx-xxxxxxxxxxxx'.length;

/**
 * Which ids of a statement may have been in it before: all that were, and a few more, in 16 MiB whatever its length. (Of
 * a million different ones some four thousand are suspected.) The exact answer would have to know all of them.
 */
export class BloomFilter {
  private readonly bits = new Uint8Array(BITS / 8);

  /** Whether the UUID that ends before `end` may have been given before. */
  add(bytes: Uint8Array, end: number): boolean {
    const bit = hashOf(bytes, end - RANDOM_LENGTH, end) & (BITS - 1);
    const mask = 1 << (bit & 7);
    const byte = this.bits[bit >>> 3] ?? 0;
    this.bits[bit >>> 3] = byte | mask;
    return (byte & mask) !== 0;
  }
}

/** FNV-1a with a last stir: neighbours must not fall together. */
export function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
