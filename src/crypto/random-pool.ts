import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4_096;
const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
let used = POOL_BYTES;

/** So many random bytes, each given out once: a question to the system for every few is most of what they cost. */
export function randomPart(bytes: number): Buffer {
  if (used + bytes > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const part = Buffer.from(pool.subarray(used, used + bytes));
  // What was given out is nowhere else.
  pool.fill(0, used, used + bytes);
  used += bytes;
  return part;
}
