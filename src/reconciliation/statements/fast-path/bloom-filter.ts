const BITS = 2 ** 27;
/** The length of a UUID's end, which has 62 random bits in versions 4 and 7. */
const RANDOM_LENGTH = 'xxxx-xxxxxxxxxxxx'.length;

/**
 * Finds ids that may occur twice in a statement: it finds all duplicates, and a few ids that are not (about 4,000 of a
 * million different ids). It needs 16 MiB for any number of lines; an exact answer would have to store all ids.
 */
export class BloomFilter {
  private readonly bits = new Uint8Array(BITS / 8);

  /** Adds the UUID that ends before `end`. Returns true when it may have been added before. */
  add(bytes: Uint8Array, end: number): boolean {
    const bit = hashOf(bytes, end - RANDOM_LENGTH, end) & (BITS - 1);
    const mask = 1 << (bit & 7);
    const byte = this.bits[bit >>> 3] ?? 0;
    this.bits[bit >>> 3] = byte | mask;
    return (byte & mask) !== 0;
  }
}

/** FNV-1a with a final mixing step, so that similar ids get different hashes. */
export function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
