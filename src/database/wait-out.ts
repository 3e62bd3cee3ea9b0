import { setTimeout as sleep } from 'node:timers/promises';
import { databaseUnavailable, isUnavailable, isRolledBack } from './database.js';

const RETRY_DELAY_MS = 100;

/** A provider's outcome exists only in this process until it is written, so the write is retried for this time. */
export const OUTCOME_RETRY_MS = 120_000;

/**
 * Repeats `work` while the database cannot be reached, for at most `forMs`. `retried`: an earlier attempt may have been
 * committed although its response was lost.
 * @throws Problem `overloaded` when the database stays unavailable; any other error of `work` at once
 */
export async function retryWhileUnavailable<T>(forMs: number, work: (retried: boolean) => T | Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + forMs;
  for (let retried = false; ; retried = true) {
    try {
      return await work(retried);
    } catch (error) {
      if (!isUnavailable(error) && !isRolledBack(error)) throw error;
      if (performance.now() >= giveUpAt) throw databaseUnavailable(error);
      await sleep(RETRY_DELAY_MS);
    }
  }
}
