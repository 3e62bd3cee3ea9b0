import { type IncomingHttpHeaders } from 'node:http';
import { type FastifyRequest } from 'fastify';
import { isObject } from './parse.js';

/** A request as it arrived; `body` is the text that was sent. */
export interface Call {
  readonly at: string;
  readonly provider: string;
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly ip: string;
}

export function readCall(provider: string, operation: string, request: FastifyRequest): Call {
  return {
    at: new Date().toISOString(),
    provider,
    operation,
    method: request.method,
    path: request.url,
    query: readQuery(request.query),
    headers: request.headers,
    body: typeof request.body === 'string' ? request.body : '',
    ip: request.ip,
  };
}

/** A header's value. A header that was sent twice counts as absent. */
export function header(call: Call, name: string): string | undefined {
  const value = call.headers[name];
  return typeof value === 'string' ? value : undefined;
}

export function isMediaType(call: Call, type: string): boolean {
  return header(call, 'content-type')?.split(';')[0]?.trim().toLowerCase() === type;
}

/** The token of `Authorization: Bearer …`, if there is one. */
export function bearer(call: Call): string | undefined {
  return /^Bearer ([\w~+/.=-]+)$/.exec(header(call, 'authorization') ?? '')?.[1];
}

function readQuery(query: unknown): Record<string, string> {
  if (!isObject(query)) return {};
  const pairs = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
  return Object.fromEntries(pairs);
}
