import { BrokenCircuitError, CircuitState, type CircuitBreakerPolicy } from 'cockatiel';
import { alarm } from '../common/alarm.js';
import { metrics } from '../common/metrics.js';
import { ProviderError } from '../connector/connector.js';
import { makeBreaker, type BreakerRule } from './breaker.js';
import type { Priority } from './priorities.js';
import { UNSENDABLE, type HttpReply, type HttpRequest, type ProviderHttp } from './provider-http.service.js';
import { reportProxyFailure } from './proxy-failure.js';
import type { QuotaRule } from './quota-rule.js';
import type { Quota } from './quota.service.js';
import { retryAfterMs } from './retry-after.js';
import { shareFinding } from './share-finding.js';
import { reportTlsFailure } from './tls-failure.js';

export interface GuardedExchangeOptions {
  readonly provider: string;
  readonly breaker: BreakerRule;
  readonly quota: QuotaRule;
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

/** Makes one request to a provider, behind its circuit breaker and quota. A 429 pauses all instances. */
export class GuardedExchange {
  private breaker: CircuitBreakerPolicy;
  private openedAtMs = 0;
  private lastSuccessAt: Date | null = null;

  constructor(
    private readonly http: ProviderHttp,
    private readonly quota: Quota,
    private readonly options: GuardedExchangeOptions,
  ) {
    this.breaker = this.newBreaker();
  }

  /** @throws ProviderError */
  async send(call: ProviderCall, token: string): Promise<HttpReply> {
    const { quota } = this.options;
    if (this.breakerState === 'open') throw this.breakerOpen();
    const permit = await this.quota.take(quota, call.priority ?? 'interactive');
    let answered = false;
    try {
      const reply = await this.sendThroughBreaker(call, token);
      answered = true;
      return reply;
    } finally {
      await this.quota.settle(quota, permit, answered);
    }
  }

  /** `half-open`: the pause is over, and the next call is the probe. */
  get breakerState(): 'closed' | 'open' | 'half-open' {
    if (this.breaker.state === CircuitState.Closed) return 'closed';
    const paused = performance.now() - this.openedAtMs < this.options.breaker.openMs;
    return this.breaker.state === CircuitState.Open && paused ? 'open' : 'half-open';
  }

  get lastSuccess(): Date | null {
    return this.lastSuccessAt;
  }

  closeBreaker(): void {
    this.breaker = this.newBreaker();
  }

  private async sendThroughBreaker(call: ProviderCall, token: string): Promise<HttpReply> {
    const { provider } = this.options;
    const endTimer = metrics.providerCallSeconds.startTimer({ provider, operation: call.operation });
    const count = (outcome: string): void => {
      endTimer();
      metrics.providerCalls.inc({ provider, operation: call.operation, outcome });
    };
    try {
      const reply = await this.breaker.execute(() => {
        call.beforeSend?.();
        const request = call.request(token);
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
    const { provider, quota, defaultBackoffMs } = this.options;
    const waitMs = retryAfterMs(reply) ?? defaultBackoffMs;
    await shareFinding(provider, 'block', () => this.quota.block(quota, waitMs));
    return new ProviderError('rate-limited', 'rate_limited', { retryAfterMs: waitMs });
  }

  private breakerOpen(): ProviderError {
    const leftMs = this.openedAtMs + this.options.breaker.openMs - performance.now();
    return new ProviderError('not-sent', 'breaker_open', { retryAfterMs: Math.max(leftMs, 0) });
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
