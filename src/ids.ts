import { v7, validate } from 'uuid';

/** What an id names; the prefix is part of the public id (`txn_…`), the database holds the bare UUID v7. */
export type IdPrefix = 'txn' | 'evt' | 'pass' | 'app' | 'key' | 'opr' | 'rec' | 'brk' | 'ntf' | 'aud';

/** A new UUID v7 (RFC 9562): sortable by time of creation. */
export function newUuid(): string {
  return v7();
}

/** The public form of an id: prefix, underscore, UUID with hyphens in lower case. */
export function publicId(prefix: IdPrefix, uuid: string): string {
  return `${prefix}_${uuid}`;
}

/** The UUID inside a public id, or `null` when the text is not such an id. */
export function parseId(prefix: IdPrefix, text: string): string | null {
  if (!text.startsWith(`${prefix}_`)) return null;
  const uuid = text.slice(prefix.length + 1);
  return validate(uuid) && uuid === uuid.toLowerCase() ? uuid : null;
}
