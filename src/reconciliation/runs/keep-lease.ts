import { describeError, logger } from '../../common/log.js';
import { LEASE_MS } from './runs.service.js';

/** Prolongs the lease of a run again and again, until the timer is cleared: a step can take longer than the lease. */
export function keepLease(reconciliationId: string, prolong: () => Promise<unknown>): NodeJS.Timeout {
  const attempt = (): void => {
    prolong().catch((error: unknown) => {
      logger.warn(
        { reconciliationId, ...describeError(error) },
        'the lease of a reconciliation could not be prolonged',
      );
    });
  };
  return setInterval(attempt, LEASE_MS / 3);
}
