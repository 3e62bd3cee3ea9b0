import { type Answer, json, Refusal } from '../answer.js';
import { type Problems } from '../parse.js';
import { errorDate } from './dates.js';

/** The shape of LATAM Pass's business errors. */
export function errorAnswer(status: number, message: string, instructions: string, details: unknown = null): Answer {
  return json(status, { code: status, message, instructions, issuedDateTime: errorDate(Date.now()), details });
}

export function invalidContent(details: Problems): Refusal {
  return new Refusal(errorAnswer(400, 'Invalid request content', 'Evaluate the request fields', details));
}

export function duplicate(details: Problems): Refusal {
  const message = 'Duplicate correlationId or other unique fields';
  return new Refusal(errorAnswer(400, message, 'Evaluate the request fields', details));
}

export function notFound(message: string): Refusal {
  return new Refusal(errorAnswer(404, message, 'Evaluate the request fields'));
}

export function unauthorized(): Refusal {
  return new Refusal(unauthorizedAnswer());
}

/** The token call has its own shape and answers 400 to bad credentials. */
export function tokenRefusal(message: string): Refusal {
  return new Refusal(json(400, { result: 'failure', errors: [{ type: 'INVALID', message }], status: 400 }));
}

/** The answer of a fault with this status. */
export function latamPassError(status: number, retryAfterSeconds: number): Answer {
  if (status === 401) return unauthorizedAnswer();
  if (status === 429) {
    const answer = errorAnswer(429, 'Rate limit exceeded', 'Too many requests: implement throttling');
    return { ...answer, headers: { ...answer.headers, 'retry-after': String(retryAfterSeconds) } };
  }
  return errorAnswer(status, 'Server Error', 'Send the same request again');
}

function unauthorizedAnswer(): Answer {
  return errorAnswer(401, 'Invalid or expired token', 'Generate new access token');
}
