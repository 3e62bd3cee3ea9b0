import type { PoolClient } from 'pg';
import { erasePersonal } from '../ledger/writes/erase.js';
import { PERSONAL_MEMBERS } from '../providers/declared.js';
import { deleteNotificationsOf } from '../notifications/delete-notifications.js';

/**
 * Erases the personal data of final transactions, of all others of the same resource (e.g. a pass), and the
 * notifications about them, in the transaction of `client`. Returns the ids of those whose data is gone; the others are
 * not final.
 */
export async function erasePersonalData(client: PoolClient, ids: readonly string[]): Promise<string[]> {
  const erased = await erasePersonal(client, ids, PERSONAL_MEMBERS);
  await deleteNotificationsOf(client, erased);
  return erased;
}
