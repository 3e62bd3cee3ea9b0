import { EventEmitter } from 'node:events';
import { BrokenCircuitError, CircuitState, type CircuitBreakerPolicy } from 'cockatiel';
import { isUnavailable } from '../database/database.js';
import { alarm } from '../common/alarm.js';
import { describeError } from '../common/log.js';
import { metrics } from '../common/metrics.js';
import { ProviderError, type ProviderName } from '../connector/connector.js';
import { makeBreaker, type BreakerRule } from './breaker.js';
import { UNSENDABLE, type ProviderHttp, type HttpReply, type HttpRequest } from './provider-http.service.js';
import { reportProxyFailure } from './proxy-failure.js';
import { QuotaForecast } from './quota-forecast.js';
import type { Quota, QuotaRule } from './quota.service.js';
import type { Priority } from './priorities.js';
import { retryAfterMs } from './retry-after.js';
import { reportTlsFailure } from './tls-failure.js';
import type { CachedToken, TokenCache, TokenSource } from './token-cache.service.js';
import { StaleTokenLimiter, type Showing } from './stale-token-limiter.js';
import type { TokenVerdict } from './token-verdict.js';

export interface ProviderClientOptions {
  readonly provider: ProviderName;
  readonly breaker: BreakerRule;
  readonly quota: QuotaRule;
  readonly token: TokenSource;
  /** What an answer says of the token with which it was asked. */
  readonly judgeToken: (reply: HttpReply) => TokenVerdict;
  /** How long nobody calls after a 429 that names no time. */
  readonly defaultBackoffMs: number;
}

export interface ProviderCall {
  /** Low-cardinality name for metrics and logs, e.g. `purchase`. */
  readonly operation: string;
  readonly request: (token: string) => HttpRequest;
  /** Its right to a permit; default: somebody waits for the answer. */
  readonly lane?: Priority | undefined;
  /** Runs immediately before the first byte leaves; throws when the call must not be made any more. */
  readonly beforeSend?: () => void;
  /** Whether it may be made again although it may have been executed. */
  readonly repeatable?: boolean;
}

/** The provider does not know us (RFC 6749, 5.2). */
export const INVALID_CLIENT = 'invalid_client';

/** The shortest time between two renewals on suspicion: a server that refuses everything would make each call a login. */
const SUSPICION_MS = 60_000;

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
  readonly forecast: QuotaForecast;
  private readonly staleTokens = new StaleTokenLimiter();
  /** Generations of the token, with no answer to a call that accepted one. */
  private readonly refusedInARow = new Set<number>();
  private suspectedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly http: ProviderHttp,
    private readonly tokens: TokenCache,
    private readonly quota: Quota,
    private readonly options: ProviderClientOptions,
  ) {
    this.breaker = this.newBreaker();
    this.forecast = new QuotaForecast(quota, options.quota);
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
    if (first.verdict === 'credentials') throw this.unauthorized(INVALID_CLIENT, true);
    if (first.verdict === 'accepted' || (first.verdict === 'suspect' && !call.repeatable)) return first.reply;
    if (first.verdict === 'suspect') return this.repeated(call, first.reply);
    const second = await this.attempt(call, true);
    if (second.verdict === 'credentials') throw this.unauthorized(INVALID_CLIENT, true);
    if (second.verdict === 'refused') throw this.unauthorized('token_refused');
    return second.reply;
  }

  /** Once more after an answer that says nothing of the operation; that answer stands when this one cannot be sent. */
  private async repeated(call: ProviderCall, doubtful: HttpReply): Promise<HttpReply> {
    try {
      return { ...(await this.attempt(call, true)).reply, afterDoubt: true };
    } catch (error) {
      const isUnsent = error instanceof ProviderError && (error.kind === 'not-sent' || error.kind === 'rate-limited');
      if (isUnsent) return doubtful;
      throw error;
    }
  }

  /** With the token as it is now; one that is refused is dropped, so that whoever comes next takes the renewed one. */
  private async attempt(call: ProviderCall, again: boolean): Promise<{ reply: HttpReply; verdict: TokenVerdict }> {
    const gate = this.forecast.isScarce ? this.staleTokens : null;
    if (gate) await gate.enter(again);
    let showing: Showing = 'nothing';
    try {
      const token = await this.token();
      const reply = await this.exchange(call, token);
      const verdict = this.judge(reply);
      showing = verdict === 'refused' || verdict === 'credentials' ? 'refused' : 'accepted';
      if (showing === 'refused') await this.refused(token);
      else if (verdict === 'suspect') await this.tokens.drop(this.options.token, token);
      else if (reply.status !== 403) this.refusedInARow.clear();
      return { reply, verdict };
    } finally {
      gate?.leave(showing);
    }
  }

  private judge(reply: HttpReply): TokenVerdict {
    const verdict = this.options.judgeToken(reply);
    if (verdict !== 'suspect') return verdict;
    const now = performance.now();
    if (now - this.suspectedAtMs < SUSPICION_MS) return 'accepted';
    this.suspectedAtMs = now;
    return 'suspect';
  }

  private async refused(token: CachedToken): Promise<void> {
    this.refusedInARow.add(token.generation);
    const isEnough = this.refusedInARow.size >= MAX_REFUSED;
    await this.noted('token', () =>
      isEnough ? this.tokens.coolDown(this.options.token, token) : this.tokens.drop(this.options.token, token),
    );
  }

  /** What an answer teaches the fleet. The answer itself also counts when this cannot be written to the database. */
  private async noted(what: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      const fields = { provider: this.options.provider, what, ...describeError(error) };
      alarm('lesson_unwritten', fields, 'the other instances could not be informed');
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
        return call.lane === 'token' ? this.http.sendSeldom(request) : this.http.send(request);
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
      if (error instanceof ProviderError && error.reason === UNSENDABLE) this.reportUnsendable(call.operation);
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
    const fields = { provider: this.options.provider, reason };
    alarm('provider_refuses_credentials', fields, 'the provider does not accept our credentials');
    return new ProviderError('unauthorized', reason, { stopsProvider });
  }

  /** A header or an address that our own client does not write: a fault of ours, or of what was configured. */
  private reportUnsendable(operation: string): void {
    const fields = { provider: this.options.provider, operation };
    alarm('unsendable_request', fields, 'a request could not be written; it was not sent');
  }

  private newBreaker(): CircuitBreakerPolicy {
    return makeBreaker(this.options.provider, this.options.breaker, () => {
      this.openedAtMs = performance.now();
    });
  }
}
