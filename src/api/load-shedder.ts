import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../common/problem.js';
import { EventLoopUtilization } from './event-loop-utilization.js';
import { InFlightCounter } from './in-flight-counter.js';

/**
 * So many may be under way at once while the process is busy: they take it less than half a second, and a burst of several
 * hundred is no overload.
 */
const MAX_UNDER_WAY = 1_024;
/** What has been under way for longer waits for a slow provider, or for a change, and not for this process. */
const OURS_FOR_MS = 2_000;
/** Refusing is over as soon as what was accepted has been worked off. */
const RETRY_AFTER_SECONDS = 1;

/** One for all: to make an error costs more than to answer with it. */
const OVERLOADED = new Problem('overloaded', 'The gateway is overloaded; send the request again.', {
  retryAfterSeconds: RETRY_AFTER_SECONDS,
});

/**
 * What partners ask for, by the route: a URL can be written in many ways. Operators, notifications of providers and whoever
 * watches are never refused.
 */
const PARTNERS = /^\/v1\/(?!admin\/|providers\/)/;

/**
 * Refuses requests while those that were accepted already keep the process busier than it can be: before anything is
 * read of them, so that refusing costs little. That a provider is slow is no overload, however many wait for it: the
 * process has to be busy as well.
 */
export class LoadShedder {
  private readonly eventLoop = new EventLoopUtilization();
  private readonly inFlight = new InFlightCounter();

  constructor(server: FastifyInstance) {
    // Not `onResponse`: whoever has gone before the answer has no response.
    server.addHook('onSend', (request, _reply, payload, done) => {
      this.leave(request);
      done(null, payload);
    });
  }

  /** null: it may go on, and is counted until it is answered. */
  refuse(request: FastifyRequest): Problem | null {
    if (!PARTNERS.test(request.routeOptions.url ?? '')) return null;
    this.eventLoop.note();
    const { startedAtMs } = request.gateway;
    if (this.inFlight.since(OURS_FOR_MS, startedAtMs) >= MAX_UNDER_WAY && this.eventLoop.isFull) return OVERLOADED;
    this.inFlight.begin(startedAtMs);
    request.gateway.isCounted = true;
    return null;
  }

  /** Once: what is answered a second time has failed while it was. */
  private leave({ gateway }: FastifyRequest): void {
    if (!gateway.isCounted) return;
    gateway.isCounted = false;
    this.inFlight.end(gateway.startedAtMs);
  }
}
