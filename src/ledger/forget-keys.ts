import type { Database } from '../database/database.js';

/** Idempotency keys are kept so long; the references stay unique for ever. */
const KEPT_DAYS = 30;
const MAX_ROWS = 1_000;

/**
 * Ids are UUID v7, so age is a range of the primary key: its first 48 bits are the milliseconds since 1970 (RFC 9562).
 * `updated_at` and `version` stay: nothing of the transaction itself has changed.
 */
const FORGET = `
with old as (
  select id, app_id from transactions
  where id > $1 and id < (lpad(to_hex((extract(epoch from now() - interval '${KEPT_DAYS} days') * 1000)::bigint), 12, '0')
    || '00000000000000000000')::uuid
    and idempotency_key is not null
  order by id limit ${MAX_ROWS}
  for update skip locked
), forgotten as (
  update transactions t set idempotency_key = null, request_mac = null from old where t.id = old.id and t.app_id = old.app_id
  returning t.id
)
select id from forgotten order by id desc limit 1`;

export const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Frees the idempotency keys of old transactions behind `after`; answers the last one, or null when none is left. */
export async function forgetOldKeys(database: Database, after: string): Promise<string | null> {
  const rows = await database.query<{ id: string }>(FORGET, [after]);
  return rows[0]?.id ?? null;
}
