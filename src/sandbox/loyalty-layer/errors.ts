import { randomUUID } from 'node:crypto';
import { type Answer, json, Refusal } from '../answer.js';
import { type Problems } from '../parse.js';

/** The common error of "Error Handle". The header is assumed: support asks for a correlation id, but no sample has one. */
function errorAnswer(code: number, error: string, description: string): Answer {
  return json(code, { error, error_description: description, code }, { 'x-correlation-id': randomUUID() });
}

export function refusal(code: number, error: string, description: string): Refusal {
  return new Refusal(errorAnswer(code, error, description));
}

export function invalidRequest(problems: Problems): Refusal {
  return refusal(400, 'invalid_request', describe(problems));
}

function describe(problems: Problems): string {
  return Object.entries(problems)
    .map(([path, problem]) => (problem.startsWith(path) ? problem : `${path} ${problem}`))
    .join('; ');
}

export function rateLimitExceeded(retryAfterSeconds: number): Answer {
  const description = `Retry after ${retryAfterSeconds} seconds`;
  return json(
    429,
    { error: 'rate_limit_exceeded', error_description: description, code: 429, retry_after: retryAfterSeconds },
    { 'x-correlation-id': randomUUID() },
  );
}

/** The answer of a fault with this status. */
export function loyaltyLayerError(status: number, retryAfterSeconds: number): Answer {
  switch (status) {
    case 401:
      return errorAnswer(401, 'invalid_token', 'Access token is invalid or expired.');
    case 429:
      return rateLimitExceeded(retryAfterSeconds);
    case 504:
      return errorAnswer(504, 'provider_timeout', 'Provider operation failed.');
    case 502:
      return errorAnswer(502, 'server_error', 'Provider operation failed.');
    default:
      return errorAnswer(status, 'server_error', 'Unexpected error; try again');
  }
}
