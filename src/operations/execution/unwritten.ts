import type { Transaction } from '../../ledger/model/transaction.js';
import { describeError, logger } from '../../common/log.js';
import { metrics } from '../../common/metrics.js';

/**
 * An outcome, or what led to it, that could not be recorded: the lease ends, and the transaction is taken up again or
 * becomes `unknown`. An operator has to know why.
 */
export function reportUnwritten({ id, type }: Pick<Transaction, 'id' | 'type'>, error: unknown): void {
  metrics.alarms.inc({ kind: 'outcome_unwritten' });
  logger.error({ transactionId: id, type, ...describeError(error) }, 'an outcome could not be recorded');
}
