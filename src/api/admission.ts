import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../problem.js';
import { Pace } from './pace.js';

const SAMPLE_MS = 10;
/** A turn of the event loop that takes longer is late: a request needs about six of them. */
const LATE_MS = 50;
/** So long without a turn that was in time: a pause for garbage alone is no overload. */
const LATE_FOR_MS = 200;
/** With fewer under way it is the machine that is slow, and refusing would not help. */
const MIN_UNDER_WAY = 300;
/** Who comes now would wait longer. */
const MAX_EXPECTED_MS = 500;
/** Refusing is over as soon as what was accepted has been worked off. */
const RETRY_AFTER_SECONDS = 1;

/** What partners ask for. Operators, notifications of providers and whoever watches are never refused. */
const PARTNERS = /^\/v1\/(?!admin\/|providers\/)/;

/**
 * Refuses requests while those that were accepted already keep the process busier than it can be: before anything is
 * read of them, so that refusing costs little. That a provider is slow
 * is no overload: the event loop has to be late as well.
 */
export class Admission {
  private readonly pace = new Pace();
  private lateSinceMs: number | null = null;
  private dueAtMs = performance.now() + SAMPLE_MS;
  private readonly timer: NodeJS.Timeout;

  constructor(server: FastifyInstance) {
    this.timer = setInterval(() => this.sample(performance.now()), SAMPLE_MS);
    this.timer.unref();
    server.addHook('onClose', (_instance, done) => {
      clearInterval(this.timer);
      done();
    });
    server.addHook('onResponse', (request, _reply, done) => {
      this.leave(request);
      done();
    });
    server.addHook('onRequestAbort', (request, done) => {
      this.leave(request);
      done();
    });
  }

  /** null: it may go on, and is counted until it is answered. */
  refuse(request: FastifyRequest): Problem | null {
    if (!PARTNERS.test(request.raw.url ?? '')) return null;
    if (this.isOverloaded(performance.now())) return overloaded();
    this.pace.begin();
    request.gateway.isCounted = true;
    return null;
  }

  private isOverloaded(nowMs: number): boolean {
    if (this.pace.underWay < MIN_UNDER_WAY || this.lateSinceMs === null) return false;
    return nowMs - this.lateSinceMs >= LATE_FOR_MS && this.pace.expectedMs > MAX_EXPECTED_MS;
  }

  private sample(nowMs: number): void {
    const isLate = nowMs - this.dueAtMs >= LATE_MS;
    this.lateSinceMs = isLate ? (this.lateSinceMs ?? this.dueAtMs) : null;
    this.dueAtMs = nowMs + SAMPLE_MS;
  }

  /** Once, however it ended. */
  private leave({ gateway }: FastifyRequest): void {
    if (!gateway.isCounted) return;
    gateway.isCounted = false;
    this.pace.end();
  }
}

function overloaded(): Problem {
  return new Problem('overloaded', 'The gateway has more to do than it can at the moment; send the request again.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}
