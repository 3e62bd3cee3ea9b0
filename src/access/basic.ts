import type { FastifyRequest } from 'fastify';

/** The pair of a Basic header. */
export interface BasicPair {
  readonly username: string;
  readonly password: string;
}

const BASIC = /^Basic +([A-Za-z0-9+/_-]+={0,2})$/i;

/**
 * The pair as RFC 7617 has it: UTF-8, and only the first colon divides, so passwords may contain colons. null for
 * anything else, and for a header that was sent twice.
 */
export function readBasic(request: FastifyRequest): BasicPair | null {
  const headers = request.raw.headersDistinct['authorization'];
  const encoded = headers?.length === 1 ? BASIC.exec(headers[0] ?? '')?.[1] : undefined;
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 1 ? null : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
