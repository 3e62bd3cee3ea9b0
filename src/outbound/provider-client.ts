import { EventEmitter } from 'node:events';
import { BrokenCircuitError, CircuitState, type CircuitBreakerPolicy } from 'cockatiel';
import { isUnavailable } from '../database/database.js';
import { alarm } from '../common/alarm.js';
import { describeError } from '../common/log.js';
import { metrics } from '../common/metrics.js';
import { ProviderError } from '../connector/connector.js';
import { makeBreaker, type BreakerRule } from './breaker.js';
import { UNSENDABLE, type ProviderHttp, type HttpReply, type HttpRequest } from './provider-http.service.js';
import { reportProxyFailure } from './proxy-failure.js';
import { QuotaForecast } from './quota-forecast.js';
import type { Quota, QuotaRule } from './quota.service.js';
import type { Priority } from './priorities.js';
import { retryAfterMs } from './retry-after.js';
import { reportTlsFailure } from './tls-failure.js';
import type { CachedToken, TokenCache, TokenSource } from './token-cache.service.js';
import { StaleTokenLimiter, type TokenEvidence } from './stale-token-limiter.js';
import type { TokenVerdict } from './token-verdict.js';

export interface ProviderClientOptions {
  readonly provider: string;
  readonly breaker: BreakerRule;
  readonly quota: QuotaRule;
  readonly token: TokenSource;
  /** Decides from an answer whether the provider accepted the token. */
  readonly judgeToken: (reply: HttpReply) => TokenVerdict;
  /** The pause after a 429 that names no time, for all instances. */
  readonly defaultBackoffMs: number;
}

export interface ProviderCall {
  /** Low-cardinality name for metrics and logs, e.g. `purchase`. */
  readonly operation: string;
  readonly request: (token: string) => HttpRequest;
  /** The priority of the permit request; default `interactive`. */
  readonly priority?: Priority | undefined;
  /** Runs immediately before the first byte is sent. It throws when the call must no longer be made. */
  readonly beforeSend?: () => void;
  /** True when the call may be repeated although it may have been executed. */
  readonly repeatable?: boolean;
}

/** The provider does not accept the client's credentials (RFC 6749, 5.2). */
export const INVALID_CLIENT = 'invalid_client';

/**
 * Minimum time between two logins on suspicion: a server that refuses everything would otherwise cause a login per
 * call.
 */
const SUSPICION_MS = 60_000;

/** After this number of consecutive new tokens that were refused, no instance calls for a minute. */
const MAX_REFUSED = 3;

/**
 * Makes authenticated calls to a provider: with breaker, quota and token, a new login after a 401, and a pause of all
 * instances after a 429. The connector interprets the answers.
 */
export class ProviderClient {
  /**
   * Emits a reason when the provider refuses our credentials: nothing may be sent until an operator has corrected them.
   */
  readonly stops = new EventEmitter<{ stop: [reason: string] }>();
  private breaker: CircuitBreakerPolicy;
  private openedAtMs = 0;
  private lastSuccessAt: Date | null = null;
  readonly forecast: QuotaForecast;
  private readonly staleTokens = new StaleTokenLimiter();
  /** Generations of tokens that were refused since the last accepted call. */
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
      return await this.callWithNewToken(call);
    } catch (error) {
      if (error instanceof ProviderError && error.extras.stopsProvider) this.stops.emit('stop', error.reason);
      throw error;
    }
  }

  private async callWithNewToken(call: ProviderCall): Promise<HttpReply> {
    const first = await this.attempt(call, false);
    if (first.verdict === 'credentials') throw this.unauthorized(INVALID_CLIENT, true);
    if (first.verdict === 'accepted' || (first.verdict === 'suspect' && !call.repeatable)) return first.reply;
    if (first.verdict === 'suspect') return this.repeatAfterDoubt(call, first.reply);
    const second = await this.attempt(call, true);
    if (second.verdict === 'credentials') throw this.unauthorized(INVALID_CLIENT, true);
    if (second.verdict === 'refused') throw this.unauthorized('token_refused');
    return second.reply;
  }

  /**
   * Repeats a call whose answer does not show the outcome. If the repetition cannot be sent, the first answer stands.
   */
  private async repeatAfterDoubt(call: ProviderCall, doubtful: HttpReply): Promise<HttpReply> {
    try {
      return { ...(await this.attempt(call, true)).reply, afterDoubt: true };
    } catch (error) {
      const isUnsent = error instanceof ProviderError && (error.kind === 'not-sent' || error.kind === 'rate-limited');
      if (isUnsent) return doubtful;
      throw error;
    }
  }

  /** Makes the call with the current token. A refused token is dropped, so that the next call uses a new one. */
  private async attempt(call: ProviderCall, again: boolean): Promise<{ reply: HttpReply; verdict: TokenVerdict }> {
    const limiter = this.forecast.isScarce ? this.staleTokens : null;
    if (limiter) await limiter.enter(again);
    let evidence: TokenEvidence = 'nothing';
    try {
      const token = await this.token();
      const reply = await this.exchange(call, token);
      const verdict = this.judge(reply);
      evidence = verdict === 'refused' || verdict === 'credentials' ? 'refused' : 'accepted';
      if (evidence === 'refused') await this.dropRefused(token);
      else if (verdict === 'suspect') await this.tokens.drop(this.options.token, token);
      else if (reply.status !== 403) this.refusedInARow.clear();
      return { reply, verdict };
    } finally {
      limiter?.leave(evidence);
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

  private async dropRefused(token: CachedToken): Promise<void> {
    this.refusedInARow.add(token.generation);
    const isEnough = this.refusedInARow.size >= MAX_REFUSED;
    await this.shareWithInstances('token', () =>
      isEnough ? this.tokens.coolDown(this.options.token, token) : this.tokens.drop(this.options.token, token),
    );
  }

  /** Shares a finding with all instances. If it cannot be written to the database, the answer itself still counts. */
  private async shareWithInstances(what: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      const fields = { provider: this.options.provider, what, ...describeError(error) };
      alarm('lesson_unwritten', fields, 'a finding could not be shared with the other instances');
    }
  }

  /** Makes a call without a token, for logins. Quota and breaker apply. @throws ProviderError */
  async callPlain(operation: string, request: HttpRequest): Promise<HttpReply> {
    return this.exchange({ operation, request: () => request, priority: 'token' }, { token: '', generation: 0 });
  }

  /** Closes the breaker and ends the login pause, because an operator has decided that the provider works again. */
  async readmit(): Promise<void> {
    this.breaker = this.newBreaker();
    await this.tokens.endCoolDown(this.options.token);
  }

  /** `half-open`: the pause is over, and the next call is the probe. */
  get breakerState(): 'closed' | 'open' | 'half-open' {
    if (this.breaker.state === CircuitState.Closed) return 'closed';
    const paused = performance.now() - this.openedAtMs < this.options.breaker.openMs;
    return this.breaker.state === CircuitState.Open && paused ? 'open' : 'half-open';
  }

  get provider(): string {
    return this.options.provider;
  }

  get lastSuccess(): Date | null {
    return this.lastSuccessAt;
  }

  /** Drops the token and any pause after failed logins, and logs in again. @throws ProviderError */
  refreshToken(): Promise<void> {
    return this.tokens.refresh(this.options.token);
  }

  /** Seconds since the current token was obtained; null: there is no token. */
  tokenAgeSeconds(): Promise<number | null> {
    return this.tokens.ageSeconds(this.options.token);
  }

  /** @throws ProviderError also for database errors: without a token nothing was sent */
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
    if (this.breakerState === 'open') throw this.breakerOpen();
    const permit = await this.quota.take(quota, call.priority ?? 'interactive');
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
        return call.priority === 'token' ? this.http.sendThroughAxios(request) : this.http.send(request);
      });
      count(String(reply.status));
      if (reply.status === 429) throw await this.rateLimited(reply);
      if (reply.status < 300) this.lastSuccessAt = new Date();
      return reply;
    } catch (error) {
      if (error instanceof BrokenCircuitError) throw this.breakerOpen();
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
    await this.shareWithInstances('block', () => this.quota.block(this.options.quota, waitMs));
    return new ProviderError('rate-limited', 'rate_limited', { retryAfterMs: waitMs });
  }

  private breakerOpen(): ProviderError {
    const leftMs = this.openedAtMs + this.options.breaker.openMs - performance.now();
    return new ProviderError('not-sent', 'breaker_open', { retryAfterMs: Math.max(leftMs, 0) });
  }

  private unauthorized(reason: string, stopsProvider = false): ProviderError {
    const fields = { provider: this.options.provider, reason };
    alarm('provider_refuses_credentials', fields, 'the provider does not accept our credentials');
    return new ProviderError('unauthorized', reason, { stopsProvider });
  }

  /**
   * Raises an alarm for a header or URL that our HTTP client cannot write: a fault of the code or the configuration.
   */
  private reportUnsendable(operation: string): void {
    const fields = { provider: this.options.provider, operation };
    alarm('unsendable_request', fields, 'the HTTP client refused a request; it was not sent');
  }

  private newBreaker(): CircuitBreakerPolicy {
    return makeBreaker(this.options.provider, this.options.breaker, () => {
      this.openedAtMs = performance.now();
    });
  }
}
