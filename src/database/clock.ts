import type { Database } from './database.js';

/** Beyond this difference the gateway sends nothing: providers get times from it and refuse times in their future. */
export const MAX_CLOCK_SKEW_MS = 2_000;

const TRIES = 3;

/**
 * This machine's clock minus the database's, in milliseconds; 0 when the difference is smaller than the duration of the
 * query. The fastest of a few queries counts.
 */
export async function clockSkewMs(database: Pick<Database, 'query'>): Promise<number> {
  let best = { uncertaintyMs: Number.POSITIVE_INFINITY, skewMs: 0 };
  for (let tries = 0; tries < TRIES; tries += 1) {
    const before = Date.now();
    const rows = await database.query<{ nowMs: number }>(
      `select extract(epoch from clock_timestamp())::float8 * 1000 as "nowMs"`,
    );
    const after = Date.now();
    const uncertaintyMs = after - before;
    const skewMs = (before + after) / 2 - (rows[0]?.nowMs ?? after);
    if (uncertaintyMs < best.uncertaintyMs) best = { uncertaintyMs, skewMs };
  }
  return Math.abs(best.skewMs) <= best.uncertaintyMs ? 0 : best.skewMs;
}
