import type { PoolClient } from 'pg';
import type { StatementFile } from './reading/statement-file.js';
import type { Period } from './statement-period.js';

/** What a statement would be read as, and what would be found. */
export interface StatementPreview {
  readonly file: StatementFile;
  readonly period: Period;
  /** By class. */
  readonly counts: Readonly<Record<string, number>>;
  /** Valid lines that match a transaction of the gateway. */
  readonly matched: number;
}

const MATCHED = `
select ((select count(*) from lines l join transactions t on t.id = l.transaction_id and t.provider = $1)
  + (select count(*) from others))::integer as matched`;

/** After the comparison, within its transaction. */
export async function countMatched(client: PoolClient, provider: string): Promise<number> {
  const { rows } = await client.query<{ matched: number }>(MATCHED, [provider]);
  return rows[0]?.matched ?? 0;
}
