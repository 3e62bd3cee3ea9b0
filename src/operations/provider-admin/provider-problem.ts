import { Problem } from '../../common/problem.js';
import type { ProviderError } from '../../connector/connector.js';

const DEFAULT_RETRY_AFTER_MS = 1_000;
/** Credentials that are refused do not heal in seconds. */
const UNAUTHORIZED_RETRY_AFTER_SECONDS = 60;

/**
 * A failed question to a provider as a problem of the caller's. Only where nothing is recorded: an operation that is on
 * record is not failed by what a provider did not say.
 */
export function providerProblem(title: string, error: ProviderError): Problem {
  const { kind, reason, extras } = error;
  switch (kind) {
    case 'not-sent':
    case 'rate-limited':
      return new Problem('provider_unavailable', `${title} cannot be asked at the moment (${reason}).`, {
        retryAfterSeconds: (extras.retryAfterMs ?? DEFAULT_RETRY_AFTER_MS) / 1000,
        cause: error,
      });
    case 'unauthorized':
      return new Problem('provider_unavailable', `${title} does not accept the gateway's credentials.`, {
        retryAfterSeconds: UNAUTHORIZED_RETRY_AFTER_SECONDS,
        cause: error,
      });
    case 'doubtful':
      if (reason === 'timeout') {
        return new Problem('provider_timeout', `${title} did not answer in time.`, { cause: error });
      }
      return new Problem('provider_error', `${title} gave no answer that means anything (${reason}).`, {
        cause: error,
      });
  }
}
