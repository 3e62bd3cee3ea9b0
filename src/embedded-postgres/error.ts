/** Why the embedded PostgreSQL cannot serve: the message says what is wrong, where, and what to do about it. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}

/** The way out that every such error can offer. */
export const OWN_SERVER_HINT = 'or set DATABASE_URL to use a PostgreSQL server of your own';

/** `ENOENT`, `EACCES`, … of a failed system call; undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  // Not by `instanceof`: under jest, errors of the file system come from another realm.
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** What an error says, whatever was thrown. */
export function errorMessage(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return String(error);
  return String(error.message);
}
