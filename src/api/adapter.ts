import multipart from '@fastify/multipart';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { newUuid } from '../ids.js';
import type { Problem } from '../problem.js';
import type { Lifecycle } from './lifecycle.js';
import { addAccessLog } from './access-log.js';
import { answerClientError } from './client-error.js';
import { answerProblem, unsupportedMediaType } from './problem.filter.js';
import { readJson } from './readable.js';
import { addRequestHooks } from './request-hooks.js';
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
}

/** Leaves errors as they are: `problem.filter.ts` alone decides what they mean. */
class GatewayAdapter extends FastifyAdapter {
  override mapException(error: unknown): unknown {
    return error;
  }
}

/** The HTTP server with its limits, its body parsers and what every answer has in common. */
export function createAdapter(lifecycle: Lifecycle, { requestTimeoutMs }: ServerOptions): FastifyAdapter {
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
    },
    trustProxy: false,
    // Our own hook answers, in our own words.
    return503OnClosing: false,
    requestIdHeader: false,
    genReqId: (request: IncomingMessage) => requestIdOf(request.headers['x-request-id']),
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      answerProblem(error, request, reply),
    clientErrorHandler: answerClientError,
  });
  const server = adapter.getInstance();
  server.server.maxConnections = MAX_CONNECTIONS;
  // One more than is accepted, and a few: Node drops what is beyond in silence.
  server.server.maxHeadersCount = 200;
  const routes = new RouteTable();
  server.decorate('allowedMethods', (url: string) => routes.allowedMethods(url));
  server.addHook('onRoute', (route) => {
    routes.add(route.method, route.url);
    if (route.config?.bodyLimitBytes !== undefined) route.bodyLimit = route.config.bodyLimitBytes;
  });
  addRequestHooks(server, lifecycle);
  addAccessLog(server);
  addBodyParsers(server);
  // After the others, which it would not survive. Its own limits are those of the route that reads the form.
  void server.register(multipart);
  return adapter;
}

function requestIdOf(sent: string | string[] | undefined): string {
  return typeof sent === 'string' && SANE_REQUEST_ID.test(sent) ? sent : newUuid();
}

/** JSON for everybody, bytes for the routes that ask for them. A bad body is told later, to those who may know. */
function addBodyParsers(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, (request, body, done) => {
    if (isRaw(request)) return done(null, body);
    setAside(request, unsupportedMediaType(), body.toString('utf8'));
    done(null, undefined);
  });
  server.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (isRaw(request)) return done(null, body);
    if (!isUtf8Declared(request.headers['content-type'])) {
      setAside(request, unsupportedMediaType(), body.toString('utf8'));
      return done(null, undefined);
    }
    const reading = readJson(body);
    if ('value' in reading) return done(null, reading.value);
    setAside(request, reading.problem, reading.unread);
    done(null, undefined);
  });
}

function setAside({ gateway }: FastifyRequest, problem: Problem, unread: unknown): void {
  gateway.bodyProblem = problem;
  gateway.unreadBody = unread;
}

function isRaw(request: FastifyRequest): boolean {
  return request.routeOptions.config.rawBody === true;
}

function isUtf8Declared(contentType = ''): boolean {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1];
  return charset === undefined || charset.toLowerCase() === 'utf-8' || charset.toLowerCase() === 'utf8';
}
