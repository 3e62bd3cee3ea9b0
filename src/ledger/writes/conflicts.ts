import type { Database } from '../../database/database.js';
import { jsonRows, type JsonFields, type JsonRow } from '../../database/json-rows.js';
import type { NewTransaction } from '../model/new-transaction.js';

/** For this time a second purchase with the same phone, product and amount is a possible duplicate. */
export const DUPLICATE_WINDOW_MINUTES = 10;

const INPUT = {
  id: 'uuid',
  appId: 'uuid',
  type: 'text',
  scope: 'text',
  reference: 'text',
  key: 'text',
  item: 'integer',
  mac: 'text',
  dup: 'text',
} as const satisfies JsonFields;

/** The conflicts of rows that were not recorded, in the order of checks that the contract defines. */
const CONFLICTS = `
select r.id as "rowId", found.* from ${jsonRows(INPUT)}
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

/** The fields of a new transaction that can conflict with another. */
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

/** The conflict that a transaction would have, without recording it; null: none. */
export async function findConflict(database: Database, probe: Probe): Promise<Conflict | null> {
  return (await findConflicts(database, [probe])).get(probe.id) ?? null;
}

export async function findConflicts(database: Database, rows: readonly Probe[]): Promise<Map<string, Conflict>> {
  const found = await database.query<Conflict>(CONFLICTS, [JSON.stringify(rows.map(toInput))]);
  return new Map(found.map((row) => [row.rowId, row]));
}

function toInput(row: Probe): JsonRow<typeof INPUT> {
  return {
    id: row.id,
    appId: row.appId,
    type: row.type,
    scope: row.referenceScope,
    reference: row.reference,
    key: row.idempotencyKey,
    item: row.idempotencyItem,
    mac: row.requestMac?.toString('base64'),
    dup: row.duplicateMac?.toString('base64'),
  };
}
