import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppCaller } from '../../access/index.js';
import { readIdempotencyKey } from '../../api/idempotency-key.js';
import { markPreference, readPreference } from '../../api/prefer.js';
import { isRecord } from '../../readers/json.js';

/** A request that submits operations, without its body. */
export interface SubmissionRequest {
  readonly caller: AppCaller;
  readonly idempotencyKey: string;
  /** How long the response may wait for the result, from `Prefer`. */
  readonly waitMs: number;
  /** Method and path, e.g. `POST /v1/topups`. Part of the fingerprint of the request. */
  readonly route: string;
  readonly reply: FastifyReply;
}

/**
 * The request as a submission; `defaultSeconds`: how long the response waits when the caller has no preference. Also sets
 * `Preference-Applied` on the response.
 * @throws Problem `idempotency_key_missing`; `validation_failed` for a malformed key
 */
export const AsSubmission = createParamDecorator(
  (defaultSeconds: number, context: ExecutionContext): SubmissionRequest => {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const preference = readPreference(request.headers.prefer, defaultSeconds);
    markPreference(reply, preference);
    return {
      caller: appOf(request),
      idempotencyKey: readIdempotencyKey(request.raw.headersDistinct['idempotency-key']),
      waitMs: preference.waitMs,
      route: routeOf(request),
      reply,
    };
  },
);

/** The route with its parameters as they were decoded: two spellings of one path are the same request. */
export function routeOf({ method, routeOptions, params }: FastifyRequest): string {
  const path = routeOptions.url ?? '';
  return `${method} ${path.replace(/:(\w+)/g, (_parameter, name: string) => parameterOf(params, name))}`;
}

function parameterOf(params: unknown, name: string): string {
  const value = isRecord(params) ? params[name] : undefined;
  return typeof value === 'string' ? value : '';
}

function appOf({ caller }: FastifyRequest): AppCaller {
  if (caller?.kind !== 'app') throw new Error('@AsSubmission() is used on a route that is not for apps');
  return caller;
}
