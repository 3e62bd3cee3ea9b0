import type { Database } from '../../database/database.js';

const HEAD = `select no::integer, to_at as "sealedUntil", hash from ledger_seals order by ledger_seals.no desc limit 1`;

/** The last seal of the chain. */
export interface Head {
  readonly no: number;
  /** Every row before this time is sealed. */
  readonly sealedUntil: Date;
  readonly hash: Buffer;
}

/** null: nothing has been sealed yet. */
export async function readHead(database: Database): Promise<Head | null> {
  const [head] = await database.query<{ no: number; sealedUntil: Date; hash: Buffer }>(HEAD);
  return head ?? null;
}
