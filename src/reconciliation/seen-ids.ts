const BITS = 2 ** 27;

/**
 * Which ids of a statement may have been in it before: all that were, and a few more, in 16 MiB whatever its length. (Of
 * a million different ones some four thousand are suspected.) The exact answer would have to know all of them.
 */
export class SeenIds {
  private readonly bits = new Uint8Array(BITS / 8);

  /** Whether that id may have been given before. */
  add(id: string): boolean {
    const bit = hashOf(id) & (BITS - 1);
    const mask = 1 << (bit & 7);
    const byte = this.bits[bit >>> 3] ?? 0;
    if ((byte & mask) !== 0) return true;
    this.bits[bit >>> 3] = byte | mask;
    return false;
  }
}

/** FNV-1a with a last stir: neighbours must not fall together. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
