import { circuitBreaker, ConsecutiveBreaker, handleType, type CircuitBreakerPolicy } from 'cockatiel';
import { ProviderError, type ProviderName } from '../connector/connector.js';
import { UNSENDABLE } from './provider-http.service.js';
import { alarm } from '../common/alarm.js';

export interface BreakerRule {
  /** Failed calls in a row that open the breaker. Refusals, 401 and 429 are answers, not failures. */
  readonly failures: number;
  readonly openMs: number;
}

/** Reasons of ours not to send: they say nothing about how the provider is. */
const OURS = new Set(['lease_lost', 'expired', UNSENDABLE]);

/** Stops calling a provider that fails: lost answers and 5xx. */
export function makeBreaker(
  provider: ProviderName,
  { failures, openMs }: BreakerRule,
  onBreak: () => void,
): CircuitBreakerPolicy {
  const failing = handleType(ProviderError, (error) => !OURS.has(error.reason)).orWhenResult(isFailure);
  const breaker = circuitBreaker(failing, { halfOpenAfter: openMs, breaker: new ConsecutiveBreaker(failures) });
  breaker.onBreak(() => {
    onBreak();
    alarm('breaker_open', { provider }, 'circuit breaker opened');
  });
  return breaker;
}

function isFailure(result: unknown): boolean {
  if (typeof result !== 'object' || result === null || !('status' in result)) return false;
  return typeof result.status === 'number' && result.status >= 500;
}
