import { alarm } from '../common/alarm.js';
import { describeError } from '../common/log.js';

/**
 * Writes a rate limit or a refused token to the database, for all instances. An error raises an alarm and is not
 * thrown: the answer of the provider still counts.
 */
export async function shareFinding(provider: string, what: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const fields = { provider, what, ...describeError(error) };
    alarm('finding_not_shared', fields, 'a rate limit or a refused token could not be shared with the other instances');
  }
}
