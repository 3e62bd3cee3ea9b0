import type { Transaction } from '../../ledger/model/transaction.js';
import { alarm } from '../../common/alarm.js';
import { describeError } from '../../common/log.js';

/**
 * Reports an outcome that could not be recorded. When the lease ends, the transaction is claimed again or becomes
 * `unknown`; the alarm gives the reason.
 */
export function reportUnwritten({ id, type }: Pick<Transaction, 'id' | 'type'>, error: unknown): void {
  alarm('outcome_unwritten', { transactionId: id, type, ...describeError(error) }, 'an outcome could not be recorded');
}
