import { EventEmitter } from 'node:events';
import { alarm } from '../common/alarm.js';
import { ProviderError } from '../connector/connector.js';
import { isUnavailable } from '../database/database.js';
import { GuardedExchange, type GuardedExchangeOptions, type ProviderCall } from './guarded-exchange.js';
import type { HttpReply, HttpRequest, ProviderHttp } from './provider-http.service.js';
import { QuotaForecast } from './quota-forecast.js';
import type { Quota } from './quota.service.js';
import { shareFinding } from './share-finding.js';
import { StaleTokenLimiter, type TokenEvidence } from './stale-token-limiter.js';
import type { CachedToken, TokenCache, TokenSource } from './token-cache.service.js';
import type { TokenVerdict } from './token-verdict.js';

export interface ProviderClientOptions extends GuardedExchangeOptions {
  readonly token: TokenSource;
  /** Decides from an answer whether the provider accepted the token. */
  readonly judgeToken: (reply: HttpReply) => TokenVerdict;
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
 * Makes authenticated calls to a provider: with a cached token, and a new login after a 401. `GuardedExchange` sends each
 * request; the connector interprets the answers.
 */
export class ProviderClient {
  /**
   * Emits a reason when the provider refuses our credentials: nothing may be sent until an operator has corrected them.
   */
  readonly stops = new EventEmitter<{ stop: [reason: string] }>();
  readonly forecast: QuotaForecast;
  private readonly exchange: GuardedExchange;
  private readonly staleTokens = new StaleTokenLimiter();
  /** Generations of tokens that were refused since the last accepted call. */
  private readonly refusedInARow = new Set<number>();
  private suspectedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    http: ProviderHttp,
    private readonly tokens: TokenCache,
    quota: Quota,
    private readonly options: ProviderClientOptions,
  ) {
    this.exchange = new GuardedExchange(http, quota, options);
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
      const reply = await this.exchange.send(call, token.token);
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
    await shareFinding(this.provider, 'token', () =>
      isEnough ? this.tokens.coolDown(this.options.token, token) : this.tokens.drop(this.options.token, token),
    );
  }

  /** Makes a call without a token, for logins. Quota and breaker apply. @throws ProviderError */
  async callPlain(operation: string, request: HttpRequest): Promise<HttpReply> {
    return this.exchange.send({ operation, request: () => request, priority: 'token' }, '');
  }

  /** Closes the breaker and ends the login pause, because an operator has decided that the provider works again. */
  async readmit(): Promise<void> {
    this.exchange.closeBreaker();
    await this.tokens.endCoolDown(this.options.token);
  }

  /** `half-open`: the pause is over, and the next call is the probe. */
  get breakerState(): 'closed' | 'open' | 'half-open' {
    return this.exchange.breakerState;
  }

  get provider(): string {
    return this.options.provider;
  }

  get lastSuccess(): Date | null {
    return this.exchange.lastSuccess;
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

  private unauthorized(reason: string, stopsProvider = false): ProviderError {
    const fields = { provider: this.options.provider, reason };
    alarm('provider_refuses_credentials', fields, 'the provider does not accept our credentials');
    return new ProviderError('unauthorized', reason, { stopsProvider });
  }
}
