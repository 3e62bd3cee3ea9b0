import { isUtf8 } from 'node:buffer';
import type { FastifyRequest } from 'fastify';

/** The credentials of a Basic header. */
export interface BasicPair {
  readonly username: string;
  readonly password: string;
}

/** RFC 7617 forbids control characters in names, and PostgreSQL cannot store U+0000. */
const CONTROL = /\p{Cc}/u;
const BASIC = /^Basic +([A-Za-z0-9+/_-]+={0,2})$/i;

/**
 * Reads the credentials as in RFC 7617: only the first colon separates, so passwords may contain colons. The text is
 * UTF-8; invalid UTF-8 is read as ISO-8859-1, which many clients still send. null for any other header, for a header
 * that was sent twice, and for a name with control characters.
 */
export function readBasic(request: FastifyRequest): BasicPair | null {
  const headers = request.raw.headersDistinct['authorization'];
  const encoded = headers?.length === 1 ? BASIC.exec(headers[0] ?? '')?.[1] : undefined;
  if (encoded === undefined) return null;
  const bytes = Buffer.from(encoded, 'base64');
  const text = bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
  const colon = text.indexOf(':');
  if (colon < 1) return null;
  const username = text.slice(0, colon);
  return CONTROL.test(username) ? null : { username, password: text.slice(colon + 1) };
}
