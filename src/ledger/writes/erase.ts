import type { Pool, PoolClient } from 'pg';
import { PERSONAL_MEMBERS } from '../model/personal-fields.js';

/** By itself, or inside somebody's transaction. */
type Asked = Pool | PoolClient;

/**
 * The transactions named, and with each all others of the same resource: a pass's holder is in each of them. What has not
 * ended, whole, is left as it is.
 */
const FAMILIES = `
with members as materialized (
  select t.id, t.app_id, t.resource_id, t.completed_at, coalesce(t.resource_id, t.id) as family from transactions t
  where t.id in (
    select id from unnest($1::uuid[]) id
    union
    select other.id from transactions one join transactions other on other.resource_id = one.resource_id
    where one.id = any($1::uuid[]))
  order by t.id for update
), ended as materialized (
  select m.id, m.app_id, m.resource_id from members m
  where not exists (select from members open where open.family = m.family and open.completed_at is null)
)`;

/**
 * Events and entries are not touched, so sums and the chain of seals stay. A provider's own words on a failure may name
 * the person. The guard against paying twice outlives its ten minutes only.
 */
const ERASE = `${FAMILIES}, erased as (
  update transactions t set sealed = null, metadata = '{}', erased_at = coalesce(t.erased_at, now()),
    detail = (select coalesce(jsonb_object_agg(d.key, case when d.key = any($2) then 'null' else d.value end), '{}')
      from jsonb_each(t.detail) d),
    failure = t.failure || '{"instructions": null}' || case when jsonb_typeof(t.failure -> 'provider') = 'object'
      then jsonb_build_object('provider', t.failure -> 'provider' || '{"message": null}') else '{}' end,
    duplicate_mac = case when t.created_at > now() - interval '10 min' then t.duplicate_mac end
  from ended e where t.id = e.id and t.app_id = e.app_id
  returning t.id
), resource as (
  update resources r set sealed = null, metadata = '{}', erased_at = coalesce(r.erased_at, now())
  from (select distinct resource_id, app_id from ended where resource_id is not null) e
  where r.id = e.resource_id and r.app_id = e.app_id
), told as (
  delete from notifications n using erased e where n.transaction_id = e.id
)
select id from erased`;

const BLOCK = `${FAMILIES}, resource as (
  update resources r set blocked_at = now()
  from (select distinct resource_id, app_id from ended where resource_id is not null) e
  where r.id = e.resource_id and r.app_id = e.app_id and r.blocked_at is null and r.erased_at is null
), blocked as (
  update transactions t set blocked_at = now()
  from ended e where t.id = e.id and t.app_id = e.app_id and t.blocked_at is null and t.erased_at is null
)
select id from ended`;

/**
 * Destroys what is known of the persons behind ended transactions: what was sealed, its masked remains, and what the
 * provider told of it. Answers those of which nothing is left; the others have not ended, or one of the same resource has
 * not.
 */
export async function erasePersonal(database: Asked, ids: readonly string[]): Promise<string[]> {
  const { rows } = await database.query<{ id: string }>(ERASE, [ids, PERSONAL_MEMBERS]);
  return rows.map(({ id }) => id);
}

/** From now on administrators see the personal data of these, nobody else. Answers like `erasePersonal`. */
export async function blockPersonal(database: Asked, ids: readonly string[]): Promise<string[]> {
  const { rows } = await database.query<{ id: string }>(BLOCK, [ids]);
  return rows.map(({ id }) => id);
}
