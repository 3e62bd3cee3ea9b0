import type { PoolClient } from 'pg';
import { idFromDaysAgo } from '../../database/id-age.js';

/** Longer than any delivery waits. */
const KEPT_DAYS = 30;

const DELETE = `
delete from webhook_events where id in (
  select id from webhook_events where id < ${idFromDaysAgo(String(KEPT_DAYS))} order by id limit $1)`;

/** Deletes at most `maxRows` events that are not changes of a transaction. Returns their number. */
export async function deleteGatewayEvents(client: PoolClient, maxRows: number): Promise<number> {
  return (await client.query(DELETE, [maxRows])).rowCount ?? 0;
}
