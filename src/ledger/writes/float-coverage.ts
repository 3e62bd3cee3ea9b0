import { createHash } from 'node:crypto';
import type { Database } from '../../database/database.js';

const locks = new Map<string, Buffer>();

/** The key of the lock that is held while a provider's float is checked and spent. */
export function floatLock(provider: string): Buffer {
  const known = locks.get(provider);
  if (known) return known;
  const lock = createHash('sha256').update(`float:${provider}`).digest();
  locks.set(provider, lock);
  return lock;
}

/** The part of a new transaction that the coverage check needs. */
export interface Covered {
  readonly provider: string;
  readonly quantity: bigint | null;
  /** The share of the observed float that may be spent, a decimal up to 1; null: not paid from a float. */
  readonly cover: { readonly safety: string } | null;
}

/** True when the float at the provider covers the transaction now, and also when the float is not known. */
export async function isCovered(database: Database, { provider, quantity, cover }: Covered): Promise<boolean> {
  if (cover === null) return true;
  const text = `select coalesce(float_left($1, $2, null) >= $3::bigint, true) as fits`;
  const rows = await database.query<{ fits: boolean }>(text, [provider, cover.safety, (quantity ?? 0n).toString()]);
  return rows[0]?.fits === true;
}
