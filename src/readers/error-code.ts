/**
 * The code of an error of Node or a library (`ENOENT`, `ECONNREFUSED`, …); undefined when it has none. Read by shape, not
 * by `instanceof`: under jest, errors of the runtime come from another realm.
 */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
