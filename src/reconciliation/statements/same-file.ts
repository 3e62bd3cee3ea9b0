import type { PoolClient } from 'pg';

/** Within the transaction of `client`: the statements of a provider are compared one after the other. */
export async function waitForOthers(client: PoolClient, provider: string): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(hashtextextended($1, 31))`, [provider]);
}

/**
 * Whether a file of that provider is here already, within a transaction that alone compares its statements. Answers with the
 * earlier run; the run `id` is deleted then.
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
