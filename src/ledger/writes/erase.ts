import type { PoolClient } from 'pg';

/**
 * The given transactions and all others of the same resource, because each contains the holder of the pass. If one of
 * them is not final, all transactions of that resource are left out.
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
 * Events and entries stay, so balances and seals stay valid. The provider's text about a failure is erased, because it
 * may name the person. A type that is not in $2 loses all members. The hash for the duplicate check is kept for its ten
 * minutes.
 */
const ERASE = `${FAMILIES}, erased as (
  update transactions t set sealed = null, metadata = '{}', erased_at = coalesce(t.erased_at, now()),
    detail = (select coalesce(jsonb_object_agg(d.key,
      case when coalesce(($2::jsonb -> t.type) ? d.key, true) then 'null' else d.value end), '{}')
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
 * Erases the personal data of final transactions and their resources, both sealed and masked, in the transaction of
 * `client`. `personalMembers` are members of `detail`, by transaction type. Returns the ids of the erased ones. The
 * others are not final, or another one of the same resource is not.
 */
export async function erasePersonal(
  client: PoolClient,
  ids: readonly string[],
  personalMembers: Readonly<Record<string, readonly string[]>>,
): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(ERASE, [ids, JSON.stringify(personalMembers)]);
  return rows.map(({ id }) => id);
}

/** Restricts the personal data of these transactions to administrators. Returns the same ids as `erasePersonal`. */
export async function blockPersonal(client: PoolClient, ids: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(BLOCK, [ids]);
  return rows.map(({ id }) => id);
}
