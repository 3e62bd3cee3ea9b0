import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { databaseUnavailable, isRefusedInput, isUnavailable } from '../database/database.js';
import { alarm } from '../common/alarm.js';
import { describeError, logger } from '../common/log.js';
import { Problem, type FieldError, type ProblemCode, type ProviderRefusal } from '../common/problem.js';
import { drainRefused } from './drain.js';
import type { RequestContext } from './request-context.js';

/** The only place that defines the HTTP status and title of each problem. */
export const PROBLEMS: Readonly<Record<ProblemCode, { status: number; title: string; retryable?: true }>> = {
  validation_failed: { status: 400, title: 'The request is not valid' },
  idempotency_key_missing: { status: 400, title: 'An Idempotency-Key is required' },
  unauthenticated: { status: 401, title: 'Valid credentials are required' },
  forbidden: { status: 403, title: 'Not allowed' },
  not_found: { status: 404, title: 'Not found' },
  reference_conflict: { status: 409, title: 'The reference is already used' },
  invalid_state: { status: 409, title: 'Not possible in the current state' },
  possible_duplicate: { status: 409, title: 'Possible duplicate' },
  payload_too_large: { status: 413, title: 'The request is too large' },
  unsupported_media_type: { status: 415, title: 'The content type is not supported' },
  idempotency_key_reused: { status: 422, title: 'The Idempotency-Key belongs to another request' },
  card_data_refused: { status: 422, title: 'Card data is rejected' },
  qr_too_long: { status: 422, title: 'The QR data is too long to be drawn' },
  rate_limited: { status: 429, title: 'Too many requests', retryable: true },
  internal_error: { status: 500, title: 'Internal error', retryable: true },
  provider_error: { status: 502, title: 'The provider returned an error' },
  provider_unavailable: { status: 503, title: 'The provider is unavailable', retryable: true },
  overloaded: { status: 503, title: 'The gateway is temporarily unable to serve requests', retryable: true },
  insufficient_float: { status: 503, title: 'The prepaid balance is insufficient', retryable: true },
  provider_timeout: { status: 504, title: 'The provider did not respond in time', retryable: true },
};

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: ProblemCode;
  readonly requestId: string;
  readonly retryable: boolean;
  readonly errors?: FieldError[];
  readonly transactionId?: string;
  readonly provider?: ProviderRefusal;
}

/** Problems of HTTP itself, e.g. 405, override the status and title of their code. */
interface HttpAnswer {
  readonly problem: Problem;
  readonly status?: number;
  readonly title?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const CHALLENGE = 'Basic realm="loyalty-gateway", charset="UTF-8"';
const MAX_STACK_LINES = 8;

/** Turns any thrown value into `application/problem+json` (RFC 9457). It never shows internal details. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    answerProblem(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}

/** Also answers errors that occur before a request reaches a handler. */
export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const answer = toAnswer(error, request);
  const { problem } = answer;
  const known = PROBLEMS[problem.code];
  const status = answer.status ?? known.status;
  noteForLog(request, problem.code);
  // A stream that has begun can no longer become a problem response.
  if (reply.sent || reply.raw.headersSent) {
    reply.raw.destroy();
    return;
  }
  drainRefused(request, reply);
  const { retryAfterSeconds } = problem.extras;
  void reply.headers(answer.headers ?? {});
  if (status === 401) void reply.header('WWW-Authenticate', CHALLENGE);
  if (retryAfterSeconds !== undefined)
    void reply.header('Retry-After', String(Math.max(1, Math.ceil(retryAfterSeconds))));
  // Serialized here: the handler may have set another serializer. Fastify sends strings unchanged.
  void reply
    .status(status)
    .header('Content-Type', 'application/problem+json; charset=utf-8')
    .serializer(String)
    .send(JSON.stringify(problemBody(problem, request.id, answer)));
}

/** The problem document that callers see. */
export function problemBody(
  problem: Problem,
  requestId: string,
  { status, title }: { readonly status?: number; readonly title?: string } = {},
): ProblemBody {
  const known = PROBLEMS[problem.code];
  const { errors, transactionId, provider } = problem.extras;
  return {
    type: `urn:problem:loyalty-gateway:${problem.code}`,
    title: title ?? known.title,
    status: status ?? known.status,
    detail: problem.detail,
    instance: `urn:loyalty-gateway:request:${requestId}`,
    code: problem.code,
    requestId,
    retryable: known.retryable ?? false,
    ...(errors && { errors: [...errors] }),
    ...(transactionId !== undefined && { transactionId }),
    ...(provider && { provider }),
  };
}

/** The context is absent for errors that occur before any hook. */
function noteForLog({ gateway }: { readonly gateway?: RequestContext | null }, code: ProblemCode): void {
  if (gateway) gateway.problemCode = code;
}

function toAnswer(error: unknown, request: FastifyRequest): HttpAnswer {
  if (error instanceof Problem) return { problem: error };
  const status = statusOf(error);
  const databaseError = driverErrorOf(error);
  // An error with a status comes from the HTTP server: a caller's broken connection has the same codes as the
  // database's.
  if (status === null && isUnavailable(databaseError)) {
    logger.error({ requestId: request.id, ...describeError(databaseError) }, 'the database is not available');
    return { problem: databaseUnavailable(error) };
  }
  if (status === null && isRefusedInput(databaseError)) return refusedByDatabase(databaseError, request);
  if (status === null && isFormFault(error)) return { problem: unreadableForm() };
  if (status === 404) return notFound(request);
  if (status !== null && status < 500) return answerOfStatus(status);
  if (status === 503) return { problem: new Problem('overloaded', 'Try again shortly.', { retryAfterSeconds: 2 }) };
  const where = { requestId: request.id, method: request.method, route: request.routeOptions.url };
  logger.error({ ...where, ...describeError(error), stack: framesOf(error) }, 'a request failed unexpectedly');
  const detail =
    'The gateway failed unexpectedly. It is safe to repeat the same request with the same Idempotency-Key.';
  return { problem: new Problem('internal_error', `${detail} If it persists, report the requestId.`) };
}

/** The database refused a value that passed all rules: the caller's fault, and a gap in the rules. */
function refusedByDatabase(error: unknown, request: FastifyRequest): HttpAnswer {
  const where = { requestId: request.id, method: request.method, route: request.routeOptions.url };
  const fields = { ...where, ...describeError(error), stack: framesOf(error) };
  alarm('input_refused_by_database', fields, 'the database rejected a value that validation had accepted');
  return { problem: new Problem('validation_failed', 'The request has a value that cannot be stored.') };
}

/** No route has this path, or only routes for other methods. */
function notFound(request: FastifyRequest): HttpAnswer {
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

function answerOfStatus(status: number): HttpAnswer {
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

function unreadableForm(): Problem {
  const message = 'is not a complete form: the boundary is missing, or the form ends too early';
  return new Problem('validation_failed', `The request body ${message}.`, { errors: [{ pointer: '', message }] });
}

/** Recognizes errors of the form parser by their message, because they have no code. */
function isFormFault(error: unknown): boolean {
  return error instanceof Error && /multipart data$|^Multipart: Boundary|^The needle/.test(error.message);
}

function tooManyHeaders(): Problem {
  return new Problem('payload_too_large', 'The request has too many or too long header fields.');
}

function statusOf(error: unknown): number | null {
  if (error instanceof HttpException) return error.getStatus();
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') return error.statusCode;
  return null;
}

/** TypeORM wraps the driver's error. */
function driverErrorOf(error: unknown): unknown {
  return error instanceof Error && 'driverError' in error ? error.driverError : error;
}

/** The stack frames of an error, without its message. */
function framesOf(error: unknown): string[] {
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : [];
  return lines
    .filter((line) => /^\s+at /.test(line))
    .slice(0, MAX_STACK_LINES)
    .map((line) => line.trim());
}
