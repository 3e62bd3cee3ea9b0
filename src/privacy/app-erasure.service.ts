import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { destroyAppKey, findErasure, type Erasure } from '../crypto/app-data-keys.js';
import { AppVault } from '../crypto/app-vault.js';
import { Database } from '../database/database.js';
import { Problem } from '../common/problem.js';
import { destroyWebhookSecrets } from '../webhooks/endpoints/destroy-secrets.js';

/** For this time other instances may still have a removed app in their cache and finish requests of it. */
const REMOVED_SECONDS = 60;

const APP = `
select deleted_at is not null as "isRemoved",
  ceil(extract(epoch from deleted_at + make_interval(secs => ${REMOVED_SECONDS}) - now()))::int as "waitSeconds"
from apps where id = $1 for update`;

const OPEN_TRANSACTION = `
select from transactions where app_id = $1 and status in ('scheduled', 'pending', 'processing', 'unknown') limit 1`;

const WAKE_PURGE = `update purge_tasks set next_at = now() where name = 'erased apps'`;

/** Erases all personal data that a removed app has sent. */
@Injectable()
export class AppErasure {
  constructor(
    private readonly database: Database,
    private readonly vault: AppVault,
  ) {}

  /**
   * Destroys the app's key and the secrets of its webhooks: after this commit the data that was sealed with the key is
   * unreadable, and no webhook is sent. The masked values are erased in the background. A second call changes nothing.
   * @throws Problem `not_found`; `invalid_state` if the app was not removed a minute ago or has an open transaction
   */
  async erase(appId: string): Promise<Erasure> {
    await this.database.transaction((client) => destroy(client, appId));
    this.vault.forget(appId);
    const erasure = await this.find(appId);
    if (!erasure) throw new Error('an erasure has vanished');
    return erasure;
  }

  /** null: the app has not been erased. */
  async find(appId: string): Promise<Erasure | null> {
    return findErasure(this.database.pool, appId);
  }
}

async function destroy(client: PoolClient, appId: string): Promise<void> {
  const { rows } = await client.query<{ isRemoved: boolean; waitSeconds: number | null }>(APP, [appId]);
  const app = rows[0];
  if (!app) throw Problem.notFound('app');
  if (!app.isRemoved) throw new Problem('invalid_state', 'The app is still in use. Remove it first (DELETE).');
  if ((app.waitSeconds ?? 0) > 0) {
    throw new Problem(
      'invalid_state',
      `The app was removed just now. Retry in ${app.waitSeconds} s, when no request of it can be in progress any more.`,
    );
  }
  if (((await client.query(OPEN_TRANSACTION, [appId])).rowCount ?? 0) > 0) {
    throw new Problem(
      'invalid_state',
      'The app has open transactions, which need its data. GET /v1/admin/transactions?appId= shows them.',
    );
  }
  await destroyAppKey(client, appId);
  await destroyWebhookSecrets(client, appId);
  await client.query(WAKE_PURGE);
}
