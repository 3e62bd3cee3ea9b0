import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { AppVault } from '../crypto/app-vault.js';
import { Database } from '../database/database.js';
import { Problem } from '../common/problem.js';

/** Until then other instances may still know an app that has been removed, and what they had begun is recorded. */
const REMOVED_SECONDS = 60;

const APP = `
select deleted_at is not null as "isRemoved",
  ceil(extract(epoch from deleted_at + make_interval(secs => ${REMOVED_SECONDS}) - now()))::int as "waitSeconds"
from apps where id = $1 for update`;

const OPEN = `
select from transactions where app_id = $1 and status in ('scheduled', 'pending', 'processing', 'unknown') limit 1`;

const DESTROY = `
insert into app_data_keys as k (app_id, sealed, destroyed_at) values ($1, null, clock_timestamp())
on conflict (app_id) do update set sealed = null, destroyed_at = coalesce(k.destroyed_at, excluded.destroyed_at)`;

const WAKE = `update purge_tasks set next_at = now() where name = 'erased apps'`;

const FIND = `
select destroyed_at as "destroyedAt", erased_at as "erasedAt" from app_data_keys
where app_id = $1 and destroyed_at is not null`;

export interface Erasure {
  readonly destroyedAt: Date;
  readonly erasedAt: Date | null;
}

/** The end of everything personal that a removed app has ever sent. */
@Injectable()
export class AppErasure {
  constructor(
    private readonly database: Database,
    private readonly vault: AppVault,
  ) {}

  /**
   * Destroys the app's key: with that commit nothing that was sealed with it can be read by anybody. The masked remains
   * follow in the background. Again changes nothing.
   * @throws Problem `not_found`; `invalid_state` unless the app was removed a minute ago and nothing of it is open
   */
  async erase(appId: string): Promise<Erasure> {
    await this.database.transaction((client) => destroy(client, appId));
    this.vault.forget(appId);
    const erasure = await this.find(appId);
    if (!erasure) throw new Error('an erasure has vanished');
    return erasure;
  }

  /** null: it has not been erased. */
  async find(appId: string): Promise<Erasure | null> {
    return (await this.database.query<Erasure>(FIND, [appId]))[0] ?? null;
  }
}

async function destroy(client: PoolClient, appId: string): Promise<void> {
  const { rows } = await client.query<{ isRemoved: boolean; waitSeconds: number | null }>(APP, [appId]);
  const app = rows[0];
  if (!app) throw Problem.notFound('app');
  if (!app.isRemoved) throw new Problem('invalid_state', 'The app is still in use: remove it first (DELETE).');
  if ((app.waitSeconds ?? 0) > 0) {
    throw new Problem(
      'invalid_state',
      `The app was removed just now; try again in ${app.waitSeconds} s, when nothing of it can be under way any more.`,
    );
  }
  if (((await client.query(OPEN, [appId])).rowCount ?? 0) > 0) {
    throw new Problem(
      'invalid_state',
      'Transactions of the app have not ended, and need its data to end: GET /v1/admin/transactions?appId= shows them.',
    );
  }
  await client.query(DESTROY, [appId]);
  await client.query(WAKE);
}
