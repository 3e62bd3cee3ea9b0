import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../common/problem.js';
import { LoadShedder } from './load-shedder.js';
import { chooseParser } from './body-parsers.js';
import type { TrustedProxies } from './client-address.js';
import type { Lifecycle } from './lifecycle.js';
import './request-context.js';

const MAX_HEADERS = 64;
/** W3C trace context, version 00 and later versions with the same beginning. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/;

/** Routes that are served during shutdown. */
const SERVED_WHILE_DRAINING = /^\/(?:health\/|metrics$)/;

class TooManyHeaders extends Error {
  readonly statusCode = 431;
}

/** Hooks for every request: context, first checks, load shedding, and the common response headers. */
export function addRequestHooks(server: FastifyInstance, lifecycle: Lifecycle, proxies: TrustedProxies): void {
  server.decorateRequest('gateway');
  const loadShedder = new LoadShedder(server);
  server.addHook('onRequest', (request, reply, done) => {
    request.gateway = {
      traceId: traceIdOf(request.headers.traceparent),
      address: addressOf(request, proxies),
      contentType: '',
      startedAtMs: performance.now(),
      actor: {},
      isCounted: false,
      problemCode: null,
      bodyProblem: null,
      unreadBody: undefined,
    };
    addCommonHeaders(reply, request.id);
    if (request.raw.headers.host === undefined && request.raw.httpVersion === '1.1') return done(hostMissing());
    if (request.raw.rawHeaders.length > MAX_HEADERS * 2) return done(new TooManyHeaders());
    if (lifecycle.isDraining && !SERVED_WHILE_DRAINING.test(request.raw.url ?? '')) return done(shuttingDown());
    const refusal = loadShedder.refuse(request);
    if (refusal) return done(refusal);
    chooseParser(request);
    done();
  });
  server.addHook('onSend', (_request, reply, payload, done) => {
    // An open keep-alive connection would keep the process running.
    if (lifecycle.isDraining) void reply.header('Connection', 'close');
    done(null, payload);
  });
}

export function addCommonHeaders(reply: FastifyReply, requestId: string): void {
  void reply.headers({ 'X-Request-Id': requestId, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
}

function hostMissing(): Problem {
  return Problem.invalid('Host', 'is required in HTTP/1.1');
}

function shuttingDown(): Problem {
  return new Problem('overloaded', 'This instance of the gateway is shutting down. Retry the request.', {
    retryAfterSeconds: 1,
  });
}

function traceIdOf(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? (TRACEPARENT.exec(header)?.[1] ?? null) : null;
}

function addressOf({ raw }: FastifyRequest, proxies: TrustedProxies): string {
  const forwarded = raw.headers['x-forwarded-for'];
  return proxies.clientOf(raw.socket.remoteAddress ?? '', Array.isArray(forwarded) ? forwarded.join(',') : forwarded);
}
