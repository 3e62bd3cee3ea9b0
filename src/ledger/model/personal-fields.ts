import type { JsonObject, Resource } from './transaction.js';

/** Members of a detail that tell of a person, also when masked, or that hold what a partner wrote freely. */
export const PERSONAL_MEMBERS = ['member', 'ffn', 'card', 'holder', 'phoneNumber', 'description', 'metadata'];

/** The detail as it is when it tells of nobody. */
export function withoutPersonal(detail: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(detail).map(([name, value]) => [name, PERSONAL_MEMBERS.includes(name) ? null : value]),
  );
}

/** Nothing personal may be asked for, or kept, of it any more. */
export function isClosed({ blockedAt, erasedAt }: Resource): boolean {
  return blockedAt !== null || erasedAt !== null;
}
