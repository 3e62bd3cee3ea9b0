import { v7, validate } from 'uuid';
import { randomPart } from '../crypto/random-pool.js';

/**
 * The kind of thing that an id names. The prefix is part of the public id (`txn_…`); the database holds the bare UUID
 * v7.
 */
export type IdPrefix = (typeof ID_PREFIXES)[number];
export const ID_PREFIXES = [
  'txn',
  'evt',
  'app',
  'key',
  'opr',
  'rec',
  'brk',
  'ntf',
  'aud',
  'whep',
  'whd',
  'rpl',
] as const;

/** Of a resource, as a provider's manifest declares it. */
type ResourcePrefix = string & {};

/** A UUID of any version and variant, as PostgreSQL reads one. */
const UUID_FORM = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const UUID_BYTES = 16;
let latestMs = 0;
let sequence = 0;

/** A new UUID v7 (RFC 9562): sortable by creation time, and within this process also inside one millisecond. */
export function newUuid(): string {
  const random = randomPart(UUID_BYTES);
  const now = Date.now();
  if (now > latestMs) {
    latestMs = now;
    // Starts in the lower half of the range, so that at least 2^31 increments fit into one millisecond.
    sequence = random.readUInt32BE(6) >>> 1;
  } else {
    sequence = (sequence + 1) >>> 0;
    if (sequence === 0) latestMs += 1;
  }
  return v7({ random, msecs: latestMs, seq: sequence });
}

/** The public form of an id: prefix, underscore, UUID with hyphens in lower case. */
export function publicId(prefix: IdPrefix | ResourcePrefix, uuid: string): string {
  return `${prefix}_${uuid}`;
}

/** The UUID inside a public id, or `null` when the text is not such an id. */
export function parseId(prefix: IdPrefix | ResourcePrefix, text: string): string | null {
  if (!text.startsWith(`${prefix}_`)) return null;
  const uuid = text.slice(prefix.length + 1);
  return validate(uuid) && uuid === uuid.toLowerCase() ? uuid : null;
}

/** A bare UUID of RFC 9562 in lower case; null for any other text. */
export function parseUuid(text: string): string | null {
  return validate(text) ? text.toLowerCase() : null;
}

/**
 * A provider's id in the form used for comparison: a UUID in lower case (RFC 9562 ignores case), any other id
 * unchanged. The version is not checked, because a provider's UUID may have a version that no standard defines.
 */
export function comparableId(id: string): string {
  return UUID_FORM.test(id) ? id.toLowerCase() : id;
}
