import type { PoolClient } from 'pg';
import type { StatementFile } from './reading/statement-file.js';
import type { Period } from './statement-period.js';

/** The format in which a statement is read, and the breaks that it would open. */
export interface StatementPreview {
  readonly file: StatementFile;
  readonly period: Period;
  /** Number of breaks by class. */
  readonly counts: Readonly<Record<string, number>>;
  /** Valid lines that match a transaction of the gateway. */
  readonly matched: number;
}

const MATCHED = `
select ((select count(*) from lines l join transactions t on t.id = l.transaction_id and t.provider = $1)
  + (select count(*) from others))::integer as matched`;

/** Call it after the comparison, in the same transaction. */
export async function countMatched(client: PoolClient, provider: string): Promise<number> {
  const { rows } = await client.query<{ matched: number }>(MATCHED, [provider]);
  return rows[0]?.matched ?? 0;
}
