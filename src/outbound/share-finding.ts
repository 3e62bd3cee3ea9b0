import { alarm } from '../common/alarm.js';
import { describeError } from '../common/log.js';

/** Shares a finding with all instances. If it cannot be written to the database, the answer itself still counts. */
export async function shareFinding(provider: string, what: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const fields = { provider, what, ...describeError(error) };
    alarm('lesson_unwritten', fields, 'a finding could not be shared with the other instances');
  }
}
