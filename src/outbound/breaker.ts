import { circuitBreaker, ConsecutiveBreaker, handleType, type CircuitBreakerPolicy } from 'cockatiel';
import { ProviderError } from '../connector/connector.js';
import { UNSENDABLE } from './provider-http.service.js';
import { alarm } from '../common/alarm.js';

export interface BreakerRule {
  /** Number of consecutive failed calls that opens the breaker. Refusals, 401 and 429 are answers, not failures. */
  readonly failures: number;
  readonly openMs: number;
}

/** The gateway's own reasons for not sending. They say nothing about the provider's health. */
const OWN_REASONS = new Set(['lease_lost', 'expired', UNSENDABLE]);

/** Makes a circuit breaker. Lost answers and 5xx count as failures. */
export function makeBreaker(
  provider: string,
  { failures, openMs }: BreakerRule,
  onBreak: () => void,
): CircuitBreakerPolicy {
  const failing = handleType(ProviderError, (error) => !OWN_REASONS.has(error.reason)).orWhenResult(isFailure);
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
