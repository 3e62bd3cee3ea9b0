import { newUuid } from '../../common/ids.js';
import type { Database } from '../../database/database.js';
import type { Transaction } from '../../ledger/model/transaction.js';

/** A notification that contradicts a final status. */
export interface Contradiction {
  readonly provider: string;
  readonly notificationId: string;
  readonly transaction: Pick<Transaction, 'id' | 'status' | 'quantity' | 'unit'>;
  /** The status that the notification reports. */
  readonly reportedStatus: string;
}

/** Opens a break for an operator, once for each notification. The transaction does not change. */
export async function openContradiction(database: Database, found: Contradiction): Promise<void> {
  const { provider, notificationId, transaction, reportedStatus } = found;
  await database.query(
    `insert into breaks (id, class, provider, transaction_id, notification_id, detail, amount, unit)
     values ($1, 'status_conflict', $2, $3, $4, $5, $6, $7) on conflict do nothing`,
    [
      newUuid(),
      provider,
      transaction.id,
      notificationId,
      { is: transaction.status, said: reportedStatus },
      transaction.quantity?.toString() ?? null,
      transaction.unit,
    ],
  );
}
