import type { Database } from '../../database/database.js';
import type { Transaction } from '../model/transaction.js';

/** Makes all waiting transactions of a provider due now. Attempts in progress are not changed. */
export async function makeDue(database: Database, provider: string): Promise<void> {
  await database.query(
    `update transactions set due_at = now()
     where provider = $1 and status = 'pending' and not attempt_open and not parked and due_at > now()`,
    [provider],
  );
}

const SIBLINGS_DUE = `
update transactions set due_at = now()
where resource_id = $1 and app_id = $2 and status = 'pending' and not attempt_open and not parked and due_at > now()`;

/** Makes pending transactions on the resource due now. */
export async function makeSiblingsDue(
  database: Database,
  { resourceId, appId }: Pick<Transaction, 'resourceId' | 'appId'>,
): Promise<void> {
  await database.prepared('ledger_make_siblings_due', SIBLINGS_DUE, [resourceId, appId]);
}

/** Transactions of a provider, created between two times; null: no bound. */
export interface Created {
  readonly provider: string;
  readonly from: Date | null;
  readonly to: Date | null;
}

/** Makes accepted transactions that are not final due now: their status is queried as the provider's quota allows. */
export async function makeStatusQueriesDue(database: Database, { provider, from, to }: Created): Promise<void> {
  await database.query(
    `update transactions set due_at = now()
     where provider = $1 and status = 'processing' and not attempt_open
       and ($2::timestamptz is null or created_at >= $2) and ($3::timestamptz is null or created_at <= $3)`,
    [provider, from, to],
  );
}
