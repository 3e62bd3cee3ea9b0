import type { PoolClient } from 'pg';

const DESTROY = `
update webhook_endpoints set secret = null, previous_secrets = '{}', previous_until = '{}', updated_at = now(),
  disabled_at = coalesce(disabled_at, now()), disabled_reason = coalesce(disabled_reason, 'by_operator')
where app_id = $1`;

/** Disables the endpoints of an app and destroys their secrets, in the transaction of `client`. */
export async function destroyWebhookSecrets(client: PoolClient, appId: string): Promise<void> {
  await client.query(DESTROY, [appId]);
}
