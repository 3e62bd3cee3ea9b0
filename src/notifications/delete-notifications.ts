import type { PoolClient } from 'pg';
import { idFromDaysAgo } from '../database/id-age.js';

const OF_TRANSACTIONS = `delete from notifications where transaction_id = any($1::uuid[])`;

const OLD = `
delete from notifications where id in (
  select id from notifications where id < ${idFromDaysAgo('$1::int')} and due_at is null order by id limit $2)`;

/** Deletes the notifications about these transactions, in the transaction of `client`. */
export async function deleteNotificationsOf(client: PoolClient, transactionIds: readonly string[]): Promise<void> {
  if (transactionIds.length === 0) return;
  await client.query(OF_TRANSACTIONS, [transactionIds]);
}

/** Deletes notifications older than `days`, at most `limit`; those that wait for their transaction are kept. */
export async function deleteOldNotifications(client: PoolClient, days: number, limit: number): Promise<number> {
  return (await client.query(OLD, [days, limit])).rowCount ?? 0;
}
