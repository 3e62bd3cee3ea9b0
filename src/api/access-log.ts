import type { FastifyInstance, FastifyRequest } from 'fastify';
import { logger } from '../common/log.js';
import { metrics } from '../common/metrics.js';

/**
 * Stands for a path without a route in log and metrics. The path itself is not logged, since it may contain anything.
 */
const UNMATCHED = 'unmatched';
/** The client disconnected before the response (the number that nginx uses). */
const CLIENT_GONE = 499;

/** Writes one log line of declared fields and one histogram sample for each request. */
export function addAccessLog(server: FastifyInstance): void {
  server.addHook('onResponse', (request, reply, done) => {
    logRequest(request, reply.statusCode);
    done();
  });
  server.addHook('onRequestAbort', (request, done) => {
    logRequest(request, CLIENT_GONE);
    done();
  });
  // If the client disconnects after its complete request has arrived, neither of the hooks above runs.
  server.addHook('onSend', (request, reply, payload, done) => {
    if (reply.raw.destroyed && request.raw.complete) logRequest(request, CLIENT_GONE);
    done(null, payload);
  });
}

function logRequest(request: FastifyRequest, status: number): void {
  const { traceId, startedAtMs, actor, problemCode } = request.gateway;
  const route = request.is404 ? UNMATCHED : (request.routeOptions.url ?? UNMATCHED);
  const method = request.method;
  const durationMs = Math.round((performance.now() - startedAtMs) * 10) / 10;
  metrics.httpRequestSeconds.observe({ method, route, status }, durationMs / 1_000);
  logger.info(
    {
      requestId: request.id,
      ...(traceId !== null && { traceId }),
      method,
      route,
      status,
      durationMs,
      ...(problemCode !== null && { code: problemCode }),
      ...actor,
    },
    'request',
  );
}
