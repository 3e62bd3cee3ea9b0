import type { FastifyRequest } from 'fastify';
import { Problem } from '../common/problem.js';

/** Problems of HTTP itself, e.g. 405, override the status and title of their code. */
export interface HttpAnswer {
  readonly problem: Problem;
  readonly status?: number;
  readonly title?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** No route has this path, or only routes for other methods. */
export function notFound(request: FastifyRequest): HttpAnswer {
  const allowed = request.server.allowedMethods(request.raw.url ?? '/');
  if (allowed.length === 0 || allowed.includes(request.method)) {
    return { problem: new Problem('not_found', 'There is no such route; see /docs for all routes.') };
  }
  const list = allowed.join(', ');
  return {
    problem: new Problem('not_found', `${request.method} is not allowed here. Allowed: ${list}.`),
    status: 405,
    title: 'Method not allowed',
    headers: { Allow: list },
  };
}

/** The problem for a status that the HTTP server or Nest itself has chosen. */
export function answerOfStatus(status: number): HttpAnswer {
  switch (status) {
    case 401:
      return { problem: new Problem('unauthenticated', 'Send valid credentials with HTTP Basic.') };
    case 403:
      return { problem: new Problem('forbidden', 'You are not allowed to do this.') };
    case 409:
      return { problem: new Problem('invalid_state', 'This is not possible in the current state.') };
    case 413:
      return { problem: new Problem('payload_too_large', 'The request body is larger than this route accepts.') };
    case 415:
      return { problem: unsupportedMediaType() };
    case 429:
      return { problem: new Problem('rate_limited', 'Too many requests. Slow down.', { retryAfterSeconds: 1 }) };
    case 414:
      return {
        problem: new Problem('validation_failed', 'The URL is too long.'),
        status,
        title: 'The URL is too long',
      };
    case 431:
      return { problem: tooManyHeaders(), status, title: 'Too many header fields' };
    default:
      return {
        problem: new Problem('validation_failed', 'The request cannot be read. Check its URL and headers.'),
      };
  }
}

export function unsupportedMediaType(): Problem {
  return new Problem('unsupported_media_type', 'Send the body as JSON, with Content-Type: application/json (UTF-8).');
}

function tooManyHeaders(): Problem {
  return new Problem('payload_too_large', 'The request has too many or too long header fields.');
}
