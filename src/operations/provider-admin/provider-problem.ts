import { Problem } from '../../common/problem.js';
import type { ProviderError } from '../../connector/connector.js';

const DEFAULT_RETRY_AFTER_MS = 1_000;
/** Rejected credentials are not fixed within seconds. */
const UNAUTHORIZED_RETRY_AFTER_SECONDS = 60;

/**
 * The problem to return when a query to a provider fails. For queries only: a recorded operation does not fail because a
 * provider did not respond.
 */
export function providerProblem(title: string, error: ProviderError): Problem {
  const { kind, reason, extras } = error;
  switch (kind) {
    case 'not-sent':
    case 'rate-limited':
      return new Problem('provider_unavailable', `${title} is temporarily unavailable (${reason}).`, {
        retryAfterSeconds: (extras.retryAfterMs ?? DEFAULT_RETRY_AFTER_MS) / 1000,
        cause: error,
      });
    case 'unauthorized':
      return new Problem(
        'provider_unavailable',
        `${title} rejects the gateway's credentials; an operator must fix them.`,
        {
          retryAfterSeconds: UNAUTHORIZED_RETRY_AFTER_SECONDS,
          cause: error,
        },
      );
    case 'doubtful':
      if (reason === 'timeout') {
        return new Problem('provider_timeout', `${title} did not respond in time.`, { cause: error });
      }
      return new Problem('provider_error', `${title} returned an unusable response (${reason}).`, {
        cause: error,
      });
  }
}
