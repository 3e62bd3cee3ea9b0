import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ProblemCode } from '../common/problem.js';
import { drainRefused } from './drain.js';
import { toAnswer } from './error-to-problem.js';
import { PROBLEMS, problemBody } from './problem-body.js';
import type { RequestContext } from './request-context.js';

const CHALLENGE = 'Basic realm="loyalty-gateway", charset="UTF-8"';

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

/** The context is absent for errors that occur before any hook. */
function noteForLog({ gateway }: { readonly gateway?: RequestContext | null }, code: ProblemCode): void {
  if (gateway) gateway.problemCode = code;
}
