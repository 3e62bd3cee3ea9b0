/** The embedded PostgreSQL cannot run. The message names the problem, its place and the remedy. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}

/** The alternative that every such error offers. */
export const OWN_SERVER_HINT = 'or set DATABASE_URL to use your own PostgreSQL server';

/** `ENOENT`, `EACCES`, … of a failed system call; undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  // `instanceof` would fail under jest, where file system errors come from another realm.
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The message of any thrown value. */
export function errorMessage(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return String(error);
  return String(error.message);
}
