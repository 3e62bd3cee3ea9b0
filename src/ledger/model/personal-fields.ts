import type { Resource } from './transaction.js';

/** Nothing personal may be asked for, or kept, of it any more. */
export function isClosed({ blockedAt, erasedAt }: Resource): boolean {
  return blockedAt !== null || erasedAt !== null;
}
