import type { Database } from '../../database/database.js';
import type { NewTransaction } from '../model/new-transaction.js';

/** How long a second purchase with the same phone, product and amount counts as a possible duplicate. */
export const DUPLICATE_WINDOW_MINUTES = 10;

/** What stands in the way of rows that were not recorded, in the order in which the contract checks. */
const IN_THE_WAY = `
select r.id as "rowId", found.* from json_to_recordset($1::json) as r (
  id uuid, "appId" uuid, type text, scope text, reference text, key text, item integer, mac text, dup text)
cross join lateral (
  select 'key' as by, 1 as rank, t.id, t.app_id as "appId", t.created_at as "createdAt",
    t.request_mac = decode(r.mac, 'base64') as "sameRequest"
  from transactions t where t.app_id = r."appId" and t.idempotency_key = r.key and t.idempotency_item = r.item
  union all
  select 'reference', 2, t.id, t.app_id, t.created_at, false from transactions t
  where t.reference_scope = r.scope and t.type = r.type and t.reference = r.reference
  union all
  (select 'duplicate', 3, t.id, t.app_id, t.created_at, false from transactions t
   where t.duplicate_mac = decode(r.dup, 'base64') and t.created_at > now() - interval '${DUPLICATE_WINDOW_MINUTES} min'
     and t.status not in ('failed', 'canceled')
   order by t.created_at limit 1)
  order by rank limit 1
) found`;

export interface Conflict {
  rowId: string;
  by: 'key' | 'reference' | 'duplicate';
  id: string;
  appId: string;
  createdAt: Date;
  sameRequest: boolean | null;
}

/** What of a new transaction may collide with another. */
export type Probe = Pick<
  NewTransaction,
  | 'id'
  | 'appId'
  | 'type'
  | 'reference'
  | 'referenceScope'
  | 'idempotencyKey'
  | 'idempotencyItem'
  | 'requestMac'
  | 'duplicateMac'
>;

/** What would stand in the way of a transaction, without recording it; null: nothing. */
export async function findConflict(database: Database, probe: Probe): Promise<Conflict | null> {
  return (await findConflicts(database, [probe])).get(probe.id) ?? null;
}

export async function findConflicts(database: Database, rows: readonly Probe[]): Promise<Map<string, Conflict>> {
  const text = JSON.stringify(
    rows.map((row) => ({
      id: row.id,
      appId: row.appId,
      type: row.type,
      scope: row.referenceScope,
      reference: row.reference,
      key: row.idempotencyKey,
      item: row.idempotencyItem,
      mac: row.requestMac?.toString('base64'),
      dup: row.duplicateMac?.toString('base64'),
    })),
  );
  const found = await database.query<Conflict>(IN_THE_WAY, [text]);
  return new Map(found.map((row) => [row.rowId, row]));
}
