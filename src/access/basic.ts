import { isUtf8 } from 'node:buffer';
import type { FastifyRequest } from 'fastify';

/** The pair of a Basic header. */
export interface BasicPair {
  readonly username: string;
  readonly password: string;
}

/** RFC 7617: a name has none. PostgreSQL could not even be asked for some of them. */
const CONTROL = /\p{Cc}/u;
const BASIC = /^Basic +([A-Za-z0-9+/_-]+={0,2})$/i;

/**
 * The pair as RFC 7617 has it: UTF-8, and only the first colon divides, so passwords may contain colons. null for
 * anything else, for a header that was sent twice, and for a name with control characters.
 */
export function readBasic(request: FastifyRequest): BasicPair | null {
  const headers = request.raw.headersDistinct['authorization'];
  const encoded = headers?.length === 1 ? BASIC.exec(headers[0] ?? '')?.[1] : undefined;
  if (encoded === undefined) return null;
  const bytes = Buffer.from(encoded, 'base64');
  const text = bytes.toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1 || !isUtf8(bytes)) return null;
  const username = text.slice(0, colon);
  return CONTROL.test(username) ? null : { username, password: text.slice(colon + 1) };
}
