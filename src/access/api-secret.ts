import { createHash, randomBytes } from 'node:crypto';

const PREFIX = 'lgs_';
const SECRET_BYTES = 32;
const CHECKSUM_CHARACTERS = 6;

/**
 * Creates an API secret: 256 random bits, with a prefix for secret scanners and a checksum that reveals a mistyped or
 * truncated secret. It is shown once and stored only as a keyed hash.
 */
export function newApiSecret(): string {
  const body = randomBytes(SECRET_BYTES).toString('base64url');
  return `${PREFIX}${body}${checksumOf(body)}`;
}

/** True when the text has the form and the checksum of an API secret. */
export function looksLikeApiSecret(text: string): boolean {
  if (!text.startsWith(PREFIX)) return false;
  const body = text.slice(PREFIX.length, -CHECKSUM_CHARACTERS);
  return checksumOf(body) === text.slice(-CHECKSUM_CHARACTERS);
}

function checksumOf(body: string): string {
  return createHash('sha256').update(body).digest('base64url').slice(0, CHECKSUM_CHARACTERS);
}
