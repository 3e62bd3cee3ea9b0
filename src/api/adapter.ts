import multipart from '@fastify/multipart';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { newUuid } from '../common/ids.js';
import type { Lifecycle } from './lifecycle.js';
import { addAccessLog } from './access-log.js';
import { addBodyParsers } from './body-parsers.js';
import { holdsCardNumber } from './card-firewall/card-number.js';
import { TrustedProxies } from './client-address.js';
import { answerClientError } from './client-error.js';
import { canonicalUrl } from './canonical-url.js';
import { answerProblem } from './problem.filter.js';
import { addCommonHeaders, addRequestHooks } from './request-hooks.js';
import { RouteTable } from './route-table.js';

/** For bodies on routes without their own limit. */
const BODY_LIMIT_BYTES = 64 * 1024;
/** The time in which the headers of a request must arrive. */
const HEADERS_TIMEOUT_MS = 5_000;
/** The interval at which Node checks the header and request timeouts. Its default of 30 s would be too coarse. */
const CHECK_INTERVAL_MS = 1_000;
/** A connection may be silent for this time, which is longer than the longest wait for a response. */
const CONNECTION_TIMEOUT_MS = 90_000;
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const MAX_CONNECTIONS = 8_192;
const SANE_REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

declare module 'fastify' {
  interface FastifyInstance {
    /** The methods that are allowed on the path of the URL. */
    allowedMethods(url: string): string[];
  }
}

interface ServerOptions {
  /** The time in which a complete request must arrive, except for bodies that `withoutRequestTimeout` reads. */
  readonly requestTimeoutMs: number;
  /** Addresses and CIDRs of the proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: readonly string[];
}

/** Passes errors on unchanged: only `problem.filter.ts` interprets them. */
class GatewayAdapter extends FastifyAdapter {
  override mapException(error: unknown): unknown {
    return error;
  }
}

/** Creates the HTTP server with its limits, body parsers and common response headers. */
export function createAdapter(lifecycle: Lifecycle, options: ServerOptions): FastifyAdapter {
  const { requestTimeoutMs, trustedProxies } = options;
  const adapter = new GatewayAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    http: {
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      insecureHTTPParser: false,
      // Our own hook refuses such requests, with a problem that names the missing header.
      requireHostHeader: false,
    },
    // `TrustedProxies` reads X-Forwarded-For. Fastify would also accept entries that are not addresses.
    trustProxy: false,
    rewriteUrl: ({ url = '/' }: IncomingMessage) => canonicalUrl(url),
    // Our own hook answers with a problem.
    return503OnClosing: false,
    requestIdHeader: false,
    genReqId: (request: IncomingMessage) => requestIdOf(request.headers['x-request-id']),
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      addCommonHeaders(reply, request.id);
      answerProblem(error, request, reply);
    },
    clientErrorHandler: answerClientError,
  });
  const server = adapter.getInstance();
  server.server.maxConnections = MAX_CONNECTIONS;
  // More than the hook accepts: Node drops headers beyond this number silently.
  server.server.maxHeadersCount = 200;
  // Expectations other than `100-continue` are ignored: Node's own answer would not be a problem document.
  server.server.on('checkExpectation', (request, response) => server.server.emit('request', request, response));
  const routes = new RouteTable();
  server.decorate('allowedMethods', (url: string) => routes.allowedMethods(url));
  server.addHook('onRoute', (route) => {
    routes.add(route.method, route.url);
    if (route.config?.bodyLimitBytes !== undefined) route.bodyLimit = route.config.bodyLimitBytes;
  });
  addRequestHooks(server, lifecycle, new TrustedProxies(trustedProxies));
  addAccessLog(server);
  addBodyParsers(server);
  // After the other parsers, because `addBodyParsers` removes all parsers. The route that reads a form sets its limits.
  void server.register(multipart);
  return adapter;
}

/** The caller's id is logged and sent back, so it must not look like a card number. */
function requestIdOf(sent: string | string[] | undefined): string {
  const isSane = typeof sent === 'string' && SANE_REQUEST_ID.test(sent) && !holdsCardNumber(sent);
  return isSane ? sent : newUuid();
}
