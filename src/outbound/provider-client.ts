import { EventEmitter } from 'node:events';
import { BrokenCircuitError, CircuitState, type CircuitBreakerPolicy } from 'cockatiel';
import { isUnavailable } from '../database/database.js';
import { describeError, logger } from '../log.js';
import { metrics } from '../metrics.js';
import { ProviderError, type ProviderName } from '../providers/connector.js';
import { makeBreaker, type BreakerRule } from './breaker.js';
import type { HttpDoor, HttpReply, HttpRequest } from './http-door.js';
import { reportProxyFailure } from './proxy-failure.js';
import { QuotaOutlook } from './quota-outlook.js';
import type { Quota, QuotaRule } from './quota.js';
import type { Lane } from './quota-lanes.js';
import { retryAfterMs } from './retry-after.js';
import { reportTlsFailure } from './tls-failure.js';
import type { CachedToken, TokenCache, TokenSource } from './token-cache.js';
import { TokenGate, type Showing } from './token-gate.js';

export interface ProviderClientOptions {
  readonly provider: ProviderName;
  readonly breaker: BreakerRule;
  readonly quota: QuotaRule;
  readonly token: TokenSource;
  /** Whether a 401 may be healed by a new token; `false` for one that says that the credentials are wrong. */
  readonly healedByLogin?: (reply: HttpReply) => boolean;
  /** How long nobody calls after a 429 that names no time. */
  readonly defaultBackoffMs: number;
}

export interface ProviderCall {
  /** Low-cardinality name for metrics and logs, e.g. `purchase`. */
  readonly operation: string;
  readonly request: (token: string) => HttpRequest;
  /** Its right to a permit; default: somebody waits for the answer. */
  readonly lane?: Lane | undefined;
  /** Runs immediately before the first byte leaves; throws when the call must not be made any more. */
  readonly beforeSend?: () => void;
}

/** The provider does not know us (RFC 6749, 5.2). */
export const INVALID_CLIENT = 'invalid_client';

/** So many tokens in a row, each new, that were refused, and nobody calls for a minute. */
const MAX_REFUSED = 3;

/**
 * What every authenticated call to a provider has in common: breaker, quota, token, one new login after a 401, the
 * fleet's pause after a 429. What an answer means is the connector's business.
 */
export class ProviderClient {
  /** Emits a reason when our credentials are refused for good: nothing is to be sent until somebody has mended them. */
  readonly stops = new EventEmitter<{ stop: [reason: string] }>();
  private breaker: CircuitBreakerPolicy;
  private openedAtMs = 0;
  private lastSuccessAt: Date | null = null;
  readonly outlook: QuotaOutlook;
  private readonly gate = new TokenGate();
  /** Generations of the token, with no answer to a call that accepted one. */
  private readonly refusedInARow = new Set<number>();

  constructor(
    private readonly door: HttpDoor,
    private readonly tokens: TokenCache,
    private readonly quota: Quota,
    private readonly options: ProviderClientOptions,
  ) {
    this.breaker = this.newBreaker();
    this.outlook = new QuotaOutlook(quota, options.quota);
  }

  /** @throws ProviderError */
  async call(call: ProviderCall): Promise<HttpReply> {
    try {
      return await this.healed(call);
    } catch (error) {
      if (error instanceof ProviderError && error.extras.stopsProvider) this.stops.emit('stop', error.reason);
      throw error;
    }
  }

  private async healed(call: ProviderCall): Promise<HttpReply> {
    const first = await this.attempt(call, false);
    if (first.status !== 401) return first;
    if (this.options.healedByLogin?.(first) === false) throw this.unauthorized(INVALID_CLIENT, true);
    const second = await this.attempt(call, true);
    if (second.status !== 401) return second;
    throw this.unauthorized('token_refused');
  }

  /** With the token as it is now; one that is refused is dropped, so that whoever comes next takes the renewed one. */
  private async attempt(call: ProviderCall, again: boolean): Promise<HttpReply> {
    const gate = this.outlook.isScarce ? this.gate : null;
    if (gate) await gate.enter(again);
    let showing: Showing = 'nothing';
    try {
      const token = await this.token();
      const reply = await this.exchange(call, token);
      showing = reply.status === 401 ? 'refused' : 'accepted';
      if (showing === 'refused') await this.refused(token);
      else this.refusedInARow.clear();
      return reply;
    } finally {
      gate?.leave(showing);
    }
  }

  private async refused(token: CachedToken): Promise<void> {
    this.refusedInARow.add(token.generation);
    const isEnough = this.refusedInARow.size >= MAX_REFUSED;
    await this.noted('token', () =>
      isEnough ? this.tokens.coolDown(this.options.token, token) : this.tokens.drop(this.options.token, token),
    );
  }

  /** What an answer teaches the fleet. The answer itself counts also when the database cannot be told of it. */
  private async noted(what: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      metrics.alarms.inc({ kind: 'lesson_unwritten' });
      logger.error({ provider: this.options.provider, what, ...describeError(error) }, 'the fleet could not be told');
    }
  }

  /** A call without a token, counted and guarded like every other: for logins. @throws ProviderError */
  async callPlain(operation: string, request: HttpRequest): Promise<HttpReply> {
    return this.exchange({ operation, request: () => request, lane: 'token' }, { token: '', generation: 0 });
  }

  /** An operator's decision that the provider, or our credentials, are well again. */
  async readmit(): Promise<void> {
    this.breaker = this.newBreaker();
    await this.tokens.endCoolDown(this.options.token);
  }

  /** `half-open`: the pause is over and the next call is the probe. */
  get breakerState(): 'closed' | 'open' | 'half-open' {
    if (this.breaker.state === CircuitState.Closed) return 'closed';
    const paused = performance.now() - this.openedAtMs < this.options.breaker.openMs;
    return this.breaker.state === CircuitState.Open && paused ? 'open' : 'half-open';
  }

  get provider(): ProviderName {
    return this.options.provider;
  }

  get lastSuccess(): Date | null {
    return this.lastSuccessAt;
  }

  /** Forgets the token and any pause after failed logins, and logs in anew. @throws ProviderError */
  refreshToken(): Promise<void> {
    return this.tokens.refresh(this.options.token);
  }

  /** Seconds since the fleet's current token was obtained; null: there is none. */
  tokenAgeSeconds(): Promise<number | null> {
    return this.tokens.ageSeconds(this.options.token);
  }

  /** @throws ProviderError, always: without a token nothing has left, also after a 401 to an earlier call */
  private async token(): Promise<CachedToken> {
    try {
      return await this.tokens.get(this.options.token);
    } catch (error) {
      if (error instanceof ProviderError || !isUnavailable(error)) throw error;
      throw new ProviderError('not-sent', 'database_unavailable', { cause: error });
    }
  }

  private async exchange(call: ProviderCall, token: CachedToken): Promise<HttpReply> {
    const { quota } = this.options;
    if (this.breakerState === 'open') throw this.broken();
    const permit = await this.quota.take(quota, call.lane ?? 'interactive');
    let answered = false;
    try {
      const reply = await this.send(call, token);
      answered = true;
      return reply;
    } finally {
      await this.quota.settle(quota, permit, answered);
    }
  }

  private async send(call: ProviderCall, token: CachedToken): Promise<HttpReply> {
    const { provider } = this.options;
    const endTimer = metrics.providerCallSeconds.startTimer({ provider, operation: call.operation });
    const count = (outcome: string): void => {
      endTimer();
      metrics.providerCalls.inc({ provider, operation: call.operation, outcome });
    };
    try {
      const reply = await this.breaker.execute(() => {
        call.beforeSend?.();
        const request = call.request(token.token);
        return call.lane === 'token' ? this.door.sendSeldom(request) : this.door.send(request);
      });
      count(String(reply.status));
      if (reply.status === 429) throw await this.rateLimited(reply);
      if (reply.status < 300) this.lastSuccessAt = new Date();
      return reply;
    } catch (error) {
      if (error instanceof BrokenCircuitError) throw this.broken();
      if (error instanceof ProviderError && error.kind === 'not-sent') {
        reportTlsFailure(provider, error.reason);
        reportProxyFailure(provider, error.reason);
      }
      if (error instanceof ProviderError && error.kind !== 'rate-limited') count(error.reason);
      throw error;
    }
  }

  private async rateLimited(reply: HttpReply): Promise<ProviderError> {
    const waitMs = retryAfterMs(reply) ?? this.options.defaultBackoffMs;
    await this.noted('block', () => this.quota.block(this.options.quota, waitMs));
    return new ProviderError('rate-limited', 'rate_limited', { retryAfterMs: waitMs });
  }

  private broken(): ProviderError {
    const leftMs = this.openedAtMs + this.options.breaker.openMs - performance.now();
    return new ProviderError('not-sent', 'breaker_open', { retryAfterMs: Math.max(leftMs, 0) });
  }

  private unauthorized(reason: string, stopsProvider = false): ProviderError {
    metrics.alarms.inc({ kind: 'provider_refuses_credentials' });
    logger.error({ provider: this.options.provider, reason }, 'the provider does not accept our credentials');
    return new ProviderError('unauthorized', reason, { stopsProvider });
  }

  private newBreaker(): CircuitBreakerPolicy {
    return makeBreaker(this.options.provider, this.options.breaker, () => {
      this.openedAtMs = performance.now();
    });
  }
}
