import { describeError, logger } from '../../common/log.js';
import { LEASE_MS } from './runs.service.js';

/** Renews the lease of a run until the returned timer is cleared: a step can take longer than the lease. */
export function keepLease(reconciliationId: string, renew: () => Promise<unknown>): NodeJS.Timeout {
  const attempt = (): void => {
    renew().catch((error: unknown) => {
      logger.warn({ reconciliationId, ...describeError(error) }, 'the lease of a reconciliation could not be renewed');
    });
  };
  return setInterval(attempt, LEASE_MS / 3);
}
