import type { PoolClient } from 'pg';

const KEPT = `interval '30 days'`;

/** Rows that are just sent again are skipped. */
const OLD_DELIVERIES = `
delete from webhook_deliveries where id in (
  select id from webhook_deliveries where ended_at < now() - ${KEPT} order by ended_at limit $1 for update skip locked)`;

const OLD_REPLAYS = `
delete from webhook_replays where id in (
  select id from webhook_replays where completed_at < now() - ${KEPT} order by completed_at limit $1)`;

const WAITING_OF_APP = `
delete from webhook_deliveries where id in (
  select d.id from webhook_deliveries d join webhook_endpoints p on p.id = d.endpoint_id
  where p.app_id = $1 and d.due_at is not null limit $2)`;

/**
 * Deletes what ended more than 30 days ago, at most `limit` deliveries and replays each. Returns the number of rows.
 */
export async function deleteOldDeliveries(client: PoolClient, limit: number): Promise<number> {
  const deliveries = (await client.query(OLD_DELIVERIES, [limit])).rowCount ?? 0;
  return deliveries + ((await client.query(OLD_REPLAYS, [limit])).rowCount ?? 0);
}

/** Deletes deliveries of the app that have not ended, at most `limit`. Returns their number. */
export async function deleteWaitingDeliveries(client: PoolClient, appId: string, limit: number): Promise<number> {
  return (await client.query(WAITING_OF_APP, [appId, limit])).rowCount ?? 0;
}
