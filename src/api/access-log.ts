import type { FastifyInstance, FastifyRequest } from 'fastify';
import { logger } from '../common/log.js';
import { metrics } from '../common/metrics.js';

/** In the log and the metrics, what no route matched: the path itself may carry anything. */
const UNMATCHED = 'unmatched';
/** Nobody was there any more to get the answer (the number that nginx uses). */
const CLIENT_GONE = 499;

/** One line and one observation for each request, by allow-list. */
export function addAccessLog(server: FastifyInstance): void {
  server.addHook('onResponse', (request, reply, done) => {
    tell(request, reply.statusCode);
    done();
  });
  server.addHook('onRequestAbort', (request, done) => {
    tell(request, CLIENT_GONE);
    done();
  });
  // Who goes after all of the request has arrived neither aborts it nor gets a response.
  server.addHook('onSend', (request, reply, payload, done) => {
    if (reply.raw.destroyed && request.raw.complete) tell(request, CLIENT_GONE);
    done(null, payload);
  });
}

function tell(request: FastifyRequest, status: number): void {
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
