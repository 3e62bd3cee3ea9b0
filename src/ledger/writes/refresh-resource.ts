import type { Database } from '../../database/database.js';
import { RESOURCE_COLUMNS, type ResourceRow } from '../model/columns.js';
import type { Resource } from '../model/transaction.js';

/**
 * Only if the resource has not changed since the provider was queried: a later settlement is newer, and blocked or
 * erased data must not return.
 */
const REFRESH = `
update resources r set status = $4, sealed = coalesce($5, r.sealed), updated_at = now()
where r.id = $1 and r.app_id = $2 and date_trunc('milliseconds', r.updated_at) = $3
  and r.blocked_at is null and r.erased_at is null
returning ${RESOURCE_COLUMNS}`;

export interface ResourceNews {
  readonly status: string;
  /** Replaces the sealed data; null: keeps it. */
  readonly sealed: Buffer | null;
}

/** null: the resource has changed since it was read. */
export async function refreshResource(
  database: Database,
  known: Resource,
  { status, sealed }: ResourceNews,
): Promise<Resource | null> {
  const values = [known.id, known.appId, known.updatedAt, status, sealed];
  return (await database.query<ResourceRow>(REFRESH, values))[0] ?? null;
}
