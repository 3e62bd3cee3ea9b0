import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { readWholeNumber } from '../readers/integer.js';

const MAX_WAIT_SECONDS = 30;
/** RFC 7240, section 2: a token, optionally with a value that may be quoted; parameters after `;` are ignored. */
const PREFERENCE = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*(?:"([^"\\]*)"|([^\s;"]*)))?\s*(?:;.*)?$/;
/** More is no time that anybody means; the header is ignored then. */
const MAX_SECONDS = 999_999_999;

export interface Preference {
  readonly waitMs: number;
  /** What `Preference-Applied` says; null when the caller preferred nothing that is understood. */
  readonly applied: string | null;
}

/**
 * Reads `Prefer` (RFC 7240). `respond-async` is `wait=0`; more than 30 s is 30 s; what is malformed or unknown is
 * ignored, as the RFC demands; of several, the first counts.
 */
export function readPreference(header: string | string[] | undefined, defaultSeconds: number): Preference {
  const items = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',');
  let isAsync = false;
  for (const item of items) {
    const match = PREFERENCE.exec(item);
    const name = match?.[1]?.toLowerCase();
    const value = match?.[2] ?? match?.[3] ?? '';
    if (name === 'respond-async') isAsync = true;
    const wanted = name === 'wait' ? readWholeNumber(value, MAX_SECONDS) : null;
    if (wanted === null) continue;
    const seconds = Math.min(wanted, MAX_WAIT_SECONDS);
    return { waitMs: seconds * 1_000, applied: `wait=${seconds}` };
  }
  if (isAsync) return { waitMs: 0, applied: 'respond-async' };
  return { waitMs: defaultSeconds * 1_000, applied: null };
}

/**
 * How long the caller wants the answer held, in milliseconds (0 to 30,000); `defaultSeconds` when it did not say. Also
 * sets `Preference-Applied` on the answer.
 */
export const WaitFor = createParamDecorator((defaultSeconds: number, context: ExecutionContext): number => {
  const http = context.switchToHttp();
  const preference = readPreference(http.getRequest<FastifyRequest>().headers.prefer, defaultSeconds);
  markPreference(http.getResponse<FastifyReply>(), preference);
  return preference.waitMs;
});

/** Says in `Preference-Applied` which preference was honoured. */
export function markPreference(reply: FastifyReply, preference: Preference): void {
  if (preference.applied !== null) void reply.header('Preference-Applied', preference.applied);
  void reply.header('Vary', 'Prefer');
}
