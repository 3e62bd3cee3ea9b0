import { parseRecord } from '../../../readers/json.js';

const MAX_BYTES = 8 * 1024;
const PART = /^[A-Za-z0-9_-]+$/;

/** The content encryptions of RFC 7518; all are authenticated. */
const ENCRYPTIONS = new Set(['A128GCM', 'A192GCM', 'A256GCM', 'A128CBC-HS256', 'A192CBC-HS384', 'A256CBC-HS512']);

/**
 * The fault of an encrypted card; null: none. Only form and header are checked, because the gateway has no key to decrypt it,
 * and must not have one.
 */
export function faultOfJwe(text: string, algorithms: readonly string[]): string | null {
  if (Buffer.byteLength(text) > MAX_BYTES) return 'must be at most 8192 bytes';
  const parts = text.split('.');
  if (parts.length !== 5 || !parts.every((part) => PART.test(part))) {
    return 'must be a JWE in compact form: five parts in base64url, none of them empty';
  }
  const header = readHeader(parts[0] ?? '');
  if (!header) return 'must begin with a protected header that is a JSON object';
  if (!algorithms.includes(String(header.get('alg')))) return `must be encrypted with alg ${algorithms.join(' or ')}`;
  if (!ENCRYPTIONS.has(String(header.get('enc')))) return `must be encrypted with enc ${[...ENCRYPTIONS].join(', ')}`;
  if (header.has('zip')) return 'must not be compressed (zip): the length would reveal something about the content';
  if (header.has('crit')) return 'must not require extensions (crit)';
  return null;
}

/** null: no JSON object, or a name occurs twice, which RFC 7516, section 4 forbids. */
function readHeader(part: string): Map<string, unknown> | null {
  const header = parseRecord(Buffer.from(part, 'base64url').toString('utf8'));
  return header && new Map(Object.entries(header));
}
