import type { Database } from '../../database/database.js';
import { toTransaction, TRANSACTION_COLUMNS, type TransactionRow } from '../model/columns.js';
import type { Transaction } from '../model/transaction.js';

/** An `unknown` transaction and its age by the database's clock. */
export interface Unknown {
  readonly transaction: Transaction;
  readonly since: Date;
  readonly ageSeconds: number;
}

/** Sorted by id, oldest first. `after` is the last id of the previous page. */
export interface UnknownsRequest {
  readonly provider: string | null;
  readonly limit: number;
  readonly after: string | null;
}

const UNKNOWNS = `
select ${TRANSACTION_COLUMNS}, e.at as since, extract(epoch from clock_timestamp() - e.at)::float8 as "ageSeconds"
from transactions t
cross join lateral (
  select max(at) as at from transaction_events where transaction_id = t.id and to_status = 'unknown'
) e
where t.status = 'unknown' and ($1::text is null or t.provider = $1) and ($2::uuid is null or t.id > $2)
order by t.id limit $3`;

export async function listUnknowns(
  database: Database,
  { provider, limit, after }: UnknownsRequest,
): Promise<Unknown[]> {
  const rows = await database.query<TransactionRow & { since: Date; ageSeconds: number }>(UNKNOWNS, [
    provider,
    after,
    limit,
  ]);
  return rows.map(({ since, ageSeconds, ...row }) => ({ transaction: toTransaction(row), since, ageSeconds }));
}
