import { HttpException } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { alarm } from '../common/alarm.js';
import { describeError, logger } from '../common/log.js';
import { Problem } from '../common/problem.js';
import { databaseUnavailable, isRefusedInput, isUnavailable } from '../database/database.js';
import { answerOfStatus, notFound, type HttpAnswer } from './http-problems.js';

const MAX_STACK_LINES = 8;

/** The answer for any thrown value. Logs what is unexpected. */
export function toAnswer(error: unknown, request: FastifyRequest): HttpAnswer {
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

function unreadableForm(): Problem {
  const message = 'is not a complete form: the boundary is missing, or the form ends too early';
  return new Problem('validation_failed', `The request body ${message}.`, { errors: [{ pointer: '', message }] });
}

/** Recognizes errors of the form parser by their message, because they have no code. */
function isFormFault(error: unknown): boolean {
  return error instanceof Error && /multipart data$|^Multipart: Boundary|^The needle/.test(error.message);
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
