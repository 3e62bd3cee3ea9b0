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
 * The pair as RFC 7617 has it: only the first colon divides, so passwords may contain colons. It is UTF-8; what cannot be
 * UTF-8 is ISO-8859-1, in which many clients still write it. null for anything else, for a header that was sent twice,
 * and for a name with control characters.
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
