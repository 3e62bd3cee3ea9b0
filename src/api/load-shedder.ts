import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../common/problem.js';
import { EventLoopUtilization } from './event-loop-utilization.js';
import { InFlightCounter } from './in-flight-counter.js';

/**
 * Limit for concurrent requests while the process is busy. Their work takes less than half a second; a burst of several
 * hundred is not an overload.
 */
const MAX_IN_FLIGHT = 1_024;
/** Older requests are not counted: they wait for a slow provider or for a status change, not for this process. */
const RECENT_MS = 2_000;
/** The overload ends as soon as the accepted requests are done, so callers may retry soon. */
const RETRY_AFTER_SECONDS = 1;

/** One shared instance: creating an error costs more than sending it. */
const OVERLOADED = new Problem('overloaded', 'The gateway is overloaded. Retry the request.', {
  retryAfterSeconds: RETRY_AFTER_SECONDS,
});

/**
 * Routes of partners. It is matched against routes, because a URL has many spellings. Requests of operators, provider
 * notifications and monitoring are never refused.
 */
const PARTNER_ROUTES = /^\/v1\/(?!admin\/|providers\/)/;

/**
 * Refuses requests while the accepted ones keep the process fully busy. It refuses them before their body is read, so
 * that a refusal is cheap. Many requests that wait for a slow provider are not an overload: the event loop must be busy
 * too.
 */
export class LoadShedder {
  private readonly eventLoop = new EventLoopUtilization();
  private readonly inFlight = new InFlightCounter();

  constructor(server: FastifyInstance) {
    // Not `onResponse`: it does not run when the client has disconnected before the response.
    server.addHook('onSend', (request, _reply, payload, done) => {
      this.leave(request);
      done(null, payload);
    });
  }

  /** null: the request is accepted and counts until it is answered. */
  refuse(request: FastifyRequest): Problem | null {
    if (!PARTNER_ROUTES.test(request.routeOptions.url ?? '')) return null;
    this.eventLoop.sample();
    const { startedAtMs } = request.gateway;
    if (this.inFlight.startedWithin(RECENT_MS, startedAtMs) >= MAX_IN_FLIGHT && this.eventLoop.isSaturated)
      return OVERLOADED;
    this.inFlight.begin(startedAtMs);
    request.gateway.isCounted = true;
    return null;
  }

  /** Counts down once: a response that fails while it is sent is answered a second time. */
  private leave({ gateway }: FastifyRequest): void {
    if (!gateway.isCounted) return;
    gateway.isCounted = false;
    this.inFlight.end(gateway.startedAtMs);
  }
}
