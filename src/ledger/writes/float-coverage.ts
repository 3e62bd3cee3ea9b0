import { createHash } from 'node:crypto';
import type { Database } from '../../database/database.js';

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

/** Whether the float at its provider would cover it at the moment; also when nobody can say. */
export async function isCovered(database: Database, { provider, quantity, cover }: Covered): Promise<boolean> {
  if (cover === null) return true;
  const text = `select coalesce(float_left($1, $2, null) >= $3::bigint, true) as fits`;
  const rows = await database.query<{ fits: boolean }>(text, [provider, cover.safety, (quantity ?? 0n).toString()]);
  return rows[0]?.fits === true;
}
