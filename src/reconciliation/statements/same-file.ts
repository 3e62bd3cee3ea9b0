import type { PoolClient } from 'pg';

/** Takes a lock in the transaction of `client`: the statements of a provider are compared one after the other. */
export async function lockStatements(client: PoolClient, provider: string): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(hashtextextended($1, 31))`, [provider]);
}

/**
 * Finds an earlier run of the same file and provider. If there is one, deletes the run `id` and returns the earlier
 * run's id. Call it after `lockStatements`, in the same transaction.
 */
export async function earlierRun(
  client: PoolClient,
  { id, provider }: { readonly id: string; readonly provider: string },
  hash: Buffer,
): Promise<string | null> {
  const earlier = await client.query<{ id: string }>(
    `select id from reconciliations where provider = $1 and file_hash = $2 and status in ('running', 'completed')`,
    [provider, hash],
  );
  const found = earlier.rows[0]?.id ?? null;
  if (found !== null) await client.query(`delete from reconciliations where id = $1`, [id]);
  return found;
}
