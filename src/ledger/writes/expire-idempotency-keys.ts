import type { PoolClient } from 'pg';
import { idFromDaysAgo } from '../../database/id-age.js';

/** Idempotency keys are kept for this time; references stay unique forever. */
const KEY_DAYS = 30;

/**
 * The hash for the duplicate check is cleared too; it is only needed for ten minutes. `updated_at` and `version` stay,
 * because the transaction itself does not change.
 */
const FORGET = `
with old as materialized (
  select id, app_id from transactions
  where id > $1 and id < ${idFromDaysAgo(String(KEY_DAYS))} and (idempotency_key is not null or duplicate_mac is not null)
  order by id limit $2
  for update
), forgotten as (
  update transactions t set idempotency_key = null, request_mac = null, duplicate_mac = null
  from old where t.id = old.id and t.app_id = old.app_id
)
select id from old order by id`;

/** Clears the idempotency keys of at most `maxRows` old transactions with ids after `after`. Returns their ids. */
export async function forgetOldKeys(client: PoolClient, after: string, maxRows: number): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(FORGET, [after, maxRows]);
  return rows.map(({ id }) => id);
}
