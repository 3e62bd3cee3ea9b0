import { createHash, randomBytes } from 'node:crypto';

const PREFIX = 'lgs_';
const SECRET_BYTES = 32;
const CHECKSUM_CHARACTERS = 6;

/**
 * A new API secret: 256 random bits, with a prefix by which secret scanners find it and a checksum by which a mistyped
 * or cut one is recognised. Shown once, stored as a keyed hash only.
 */
export function newApiSecret(): string {
  const body = randomBytes(SECRET_BYTES).toString('base64url');
  return `${PREFIX}${body}${checksumOf(body)}`;
}

/** Whether the text was ever one of ours, as far as its form tells. */
export function looksLikeApiSecret(text: string): boolean {
  if (!text.startsWith(PREFIX)) return false;
  const body = text.slice(PREFIX.length, -CHECKSUM_CHARACTERS);
  return checksumOf(body) === text.slice(-CHECKSUM_CHARACTERS);
}

function checksumOf(body: string): string {
  return createHash('sha256').update(body).digest('base64url').slice(0, CHECKSUM_CHARACTERS);
}
