import type { Pool, PoolClient } from 'pg';

const DESTROY = `
insert into app_data_keys as k (app_id, sealed, destroyed_at) values ($1, null, clock_timestamp())
on conflict (app_id) do update set sealed = null, destroyed_at = coalesce(k.destroyed_at, excluded.destroyed_at)`;

const FIND_ERASURE = `
select destroyed_at as "destroyedAt", erased_at as "erasedAt" from app_data_keys
where app_id = $1 and destroyed_at is not null`;

const NEXT_TO_ERASE = `
select app_id as id from app_data_keys where destroyed_at is not null and erased_at is null order by destroyed_at limit 1`;

const FINISH_ERASURE = `update app_data_keys set erased_at = clock_timestamp() where app_id = $1`;

/** The erasure of an app's data. */
export interface Erasure {
  /** Since then the sealed data is unreadable. */
  readonly destroyedAt: Date;
  /** Since then the data that was readable without the key is gone too; null: in progress. */
  readonly erasedAt: Date | null;
}

/** Destroys the app's key, in the transaction of `client`. A second call changes nothing. */
export async function destroyAppKey(client: PoolClient, appId: string): Promise<void> {
  await client.query(DESTROY, [appId]);
}

/** null: the app's key was not destroyed. */
export async function findErasure(pool: Pool, appId: string): Promise<Erasure | null> {
  return (await pool.query<Erasure>(FIND_ERASURE, [appId])).rows[0] ?? null;
}

/** The app whose key was destroyed first and whose erasure is not finished; null: none. */
export async function nextAppToErase(client: PoolClient): Promise<string | null> {
  return (await client.query<{ id: string }>(NEXT_TO_ERASE)).rows[0]?.id ?? null;
}

/** Records that nothing is left to erase, in the transaction of `client`. */
export async function finishErasure(client: PoolClient, appId: string): Promise<void> {
  await client.query(FINISH_ERASURE, [appId]);
}
