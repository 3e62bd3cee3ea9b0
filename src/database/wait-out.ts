import { setTimeout as sleep } from 'node:timers/promises';
import { databaseUnavailable, isUnavailable, isUndone } from './database.js';

const RETRY_DELAY_MS = 100;

/** An outcome that a provider has returned exists in this process only, so writing it is tried for this long. */
export const OUTCOME_PATIENCE_MS = 120_000;

/**
 * Repeats `work` while the database cannot be reached, for `forMs` at most. `retried`: an earlier try may have been
 * committed although its answer was lost.
 * @throws Problem `overloaded` when the database stays away; any other error of `work` at once
 */
export async function waitOut<T>(forMs: number, work: (retried: boolean) => T | Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + forMs;
  for (let retried = false; ; retried = true) {
    try {
      return await work(retried);
    } catch (error) {
      if (!isUnavailable(error) && !isUndone(error)) throw error;
      if (performance.now() >= giveUpAt) throw databaseUnavailable(error);
      await sleep(RETRY_DELAY_MS);
    }
  }
}
