import { createHash } from 'node:crypto';
import type { PoolClient } from 'pg';

const locks = new Map<string, Buffer>();

/** What is locked while a provider's float is looked at and spent. */
export function floatLock(provider: string): Buffer {
  const known = locks.get(provider);
  if (known) return known;
  const lock = createHash('sha256').update(`float:${provider}`).digest();
  locks.set(provider, lock);
  return lock;
}

/** What of a new transaction the float has to cover. */
export interface Covered {
  readonly provider: string;
  readonly quantity: bigint | null;
  /** The part of the observed float that may be spent, a decimal up to 1; null: not paid from a float. */
  readonly cover: { readonly safety: string } | null;
}

/** Rows that may be recorded, and which of them a known float covers; of the others nobody can say. */
export interface Coverage<Row> {
  readonly admitted: readonly Row[];
  readonly covered: ReadonlySet<Row>;
}

/**
 * The rows without those that the float at their provider does not cover, in their order. Under the lock, so that what
 * is left is read after everything that was recorded before.
 */
export async function coverageOf<Row extends Covered>(
  client: Pick<PoolClient, 'query'>,
  rows: readonly Row[],
): Promise<Coverage<Row>> {
  const covered = new Set<Row>();
  const left = new Map<string, bigint | null>();
  const admitted: Row[] = [];
  for (const row of rows) {
    if (row.cover === null) {
      admitted.push(row);
      continue;
    }
    const { provider, cover, quantity } = row;
    const rest = left.has(provider) ? (left.get(provider) ?? null) : await floatLeft(client, provider, cover.safety);
    const fits = rest === null || rest >= (quantity ?? 0n);
    left.set(provider, rest !== null && fits ? rest - (quantity ?? 0n) : rest);
    if (fits) admitted.push(row);
    if (fits && rest !== null) covered.add(row);
  }
  return { admitted, covered };
}

/** null: no balance or no rate has been observed, so nobody can say. */
async function floatLeft(client: Pick<PoolClient, 'query'>, provider: string, safety: string): Promise<bigint | null> {
  const { rows } = await client.query<{ rest: string | null }>(`select float_left($1, $2, null)::text as rest`, [
    provider,
    safety,
  ]);
  const rest = rows[0]?.rest ?? null;
  return rest === null ? null : BigInt(rest);
}
