import type { Resource } from './transaction.js';

/** True when personal data of the resource may no longer be requested from the provider or stored. */
export function isClosed({ blockedAt, erasedAt }: Resource): boolean {
  return blockedAt !== null || erasedAt !== null;
}
