import type { Transaction } from '../../ledger/model/transaction.js';
import { alarm } from '../../common/alarm.js';
import { describeError } from '../../common/log.js';

/**
 * An outcome, or what led to it, that could not be recorded: the lease ends, and the transaction is taken up again or
 * becomes `unknown`. An operator has to know why.
 */
export function reportUnwritten({ id, type }: Pick<Transaction, 'id' | 'type'>, error: unknown): void {
  alarm('outcome_unwritten', { transactionId: id, type, ...describeError(error) }, 'an outcome could not be recorded');
}
