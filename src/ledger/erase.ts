import type { Database } from '../database/database.js';
import type { Transaction } from './transaction.js';

/** Members of a detail that tell of a person, also when masked, or that hold what a partner wrote freely. */
const PERSONAL = ['member', 'ffn', 'card', 'holder', 'phoneNumber', 'description', 'metadata'];

/**
 * With all transactions of the same resource: a pass's holder is in each of them. Events and entries are not touched, so
 * sums and the chain of seals stay. The guard against paying twice outlives its ten minutes only.
 */
const ERASE = `
with family as materialized (
  select t.id, t.app_id, t.resource_id, t.completed_at from transactions t
  where t.app_id = $2 and (t.id = $1 or t.resource_id = $3)
  order by t.id for update
), verdict as (
  select not exists (select from family where completed_at is null) as ended
), erased as (
  update transactions t set sealed = null, metadata = '{}',
    detail = (select coalesce(jsonb_object_agg(d.key, case when d.key = any($4) then 'null' else d.value end), '{}')
      from jsonb_each(t.detail) d),
    duplicate_mac = case when t.created_at > now() - interval '10 min' then t.duplicate_mac end
  from family f, verdict where verdict.ended and t.id = f.id and t.app_id = f.app_id
  returning t.id
), resource as (
  update resources r set sealed = null, metadata = '{}', updated_at = now()
  from verdict where verdict.ended and r.id = $3 and r.app_id = $2
), told as (
  delete from notifications n using erased e where n.transaction_id = e.id
)
select ended from verdict`;

/**
 * Destroys what is known of the person behind an ended transaction: what was sealed, its masked remains, and what the
 * provider told of it. False, and nothing is erased, while it or another of the same resource has not ended.
 */
export async function erasePersonal(database: Database, transaction: Transaction): Promise<boolean> {
  const values = [transaction.id, transaction.appId, transaction.resourceId, PERSONAL];
  return (await database.query<{ ended: boolean }>(ERASE, values))[0]?.ended ?? false;
}
