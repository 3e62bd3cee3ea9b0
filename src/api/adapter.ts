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

/** Of bodies on routes that have no limit of their own. */
const BODY_LIMIT_BYTES = 64 * 1024;
/** The head of a request must have arrived within, in milliseconds. */
const HEADERS_TIMEOUT_MS = 5_000;
/** How often that is checked, and whether all of it has: with Node's default of 30 s it would mean little. */
const CHECK_INTERVAL_MS = 1_000;
/** A connection may be silent so long: longer than the longest wait for an answer. */
const CONNECTION_TIMEOUT_MS = 90_000;
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const MAX_CONNECTIONS = 8_192;
const SANE_REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

declare module 'fastify' {
  interface FastifyInstance {
    /** The methods that the path of that URL takes. */
    allowedMethods(url: string): string[];
  }
}

interface ServerOptions {
  /** All of a request must have arrived within, but for what `whileFlowing` reads. */
  readonly requestTimeoutMs: number;
  /** Addresses and CIDRs of the proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
}

/** Leaves errors as they are: `problem.filter.ts` alone decides what they mean. */
class GatewayAdapter extends FastifyAdapter {
  override mapException(error: unknown): unknown {
    return error;
  }
}

/** The HTTP server with its limits, its body parsers and what every answer has in common. */
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
      // Refused by our own hook, with a problem that says why.
      requireHostHeader: false,
    },
    // `TrustedProxies` reads X-Forwarded-For: Fastify would also take what is no address for one.
    trustProxy: false,
    rewriteUrl: ({ url = '/' }: IncomingMessage) => canonicalUrl(url),
    // Our own hook answers, in our own words.
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
  // One more than is accepted, and a few: Node drops what is beyond in silence.
  server.server.maxHeadersCount = 200;
  // What a client expects besides `100-continue` is ignored: Node's own answer would be none of ours.
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
  // After the others, which it would not survive. Its own limits are those of the route that reads the form.
  void server.register(multipart);
  return adapter;
}

/** The caller's own id is logged and sent back, so it must not look like a card's number. */
function requestIdOf(sent: string | string[] | undefined): string {
  const isSane = typeof sent === 'string' && SANE_REQUEST_ID.test(sent) && !holdsCardNumber(sent);
  return isSane ? sent : newUuid();
}
