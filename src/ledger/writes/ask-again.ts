import type { Database } from '../../database/database.js';

/** Transactions of a provider, created between two times; null: no bound. */
export interface Created {
  readonly provider: string;
  readonly from: Date | null;
  readonly to: Date | null;
}

/** Accepted transactions that are not final are due now: their status is queried as the provider's quota allows. */
export async function askAgain(database: Database, { provider, from, to }: Created): Promise<void> {
  await database.query(
    `update transactions set due_at = now()
     where provider = $1 and status = 'processing' and not attempt_open
       and ($2::timestamptz is null or created_at >= $2) and ($3::timestamptz is null or created_at <= $3)`,
    [provider, from, to],
  );
}
