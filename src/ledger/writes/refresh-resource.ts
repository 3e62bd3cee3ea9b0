import type { Database } from '../../database/database.js';
import { RESOURCE_COLUMNS, type ResourceRow } from '../model/columns.js';
import type { Resource } from '../model/transaction.js';

/**
 * Only as long as the resource is as it was when the provider was asked: what was settled meanwhile is newer, and what
 * was blocked or erased meanwhile must not come back.
 */
const REFRESH = `
update resources r set status = $4, sealed = coalesce($5, r.sealed), updated_at = now()
where r.id = $1 and r.app_id = $2 and date_trunc('milliseconds', r.updated_at) = $3
  and r.blocked_at is null and r.erased_at is null
returning ${RESOURCE_COLUMNS}`;

export interface ResourceNews {
  readonly status: string;
  /** Replaces what is sealed when given. */
  readonly sealed: Buffer | null;
}

/** null: it has changed since it was read. */
export async function refreshResource(
  database: Database,
  known: Resource,
  { status, sealed }: ResourceNews,
): Promise<Resource | null> {
  const values = [known.id, known.appId, known.updatedAt, status, sealed];
  return (await database.query<ResourceRow>(REFRESH, values))[0] ?? null;
}
