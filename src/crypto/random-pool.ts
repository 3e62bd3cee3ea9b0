import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4_096;
const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
let used = POOL_BYTES;

/**
 * Returns `bytes` random bytes, each given out once. They come from a pool, because a system call per id costs more.
 */
export function randomPart(bytes: number): Buffer {
  if (used + bytes > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const part = Buffer.from(pool.subarray(used, used + bytes));
  // No copy of the returned bytes stays in memory.
  pool.fill(0, used, used + bytes);
  used += bytes;
  return part;
}
