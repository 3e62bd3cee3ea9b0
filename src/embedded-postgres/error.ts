/** The embedded PostgreSQL cannot run. The message names the problem, its place and the remedy. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}

/** The alternative that every such error offers. */
export const OWN_SERVER_HINT = 'or set DATABASE_URL to use your own PostgreSQL server';

/** The message of any thrown value. */
export function errorMessage(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return String(error);
  return String(error.message);
}
