import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { readWholeNumber } from '../readers/integer.js';

const MAX_WAIT_SECONDS = 30;
/** RFC 7240, section 2: a token, optionally with a value that may be quoted; parameters after `;` are ignored. */
const PREFERENCE = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*(?:"([^"\\]*)"|([^\s;"]*)))?\s*(?:;.*)?$/;
/** A larger value is not plausible; the header is ignored then. */
const MAX_SECONDS = 999_999_999;

export interface Preference {
  readonly waitMs: number;
  /** The value of `Preference-Applied`; null when there is no known preference. */
  readonly applied: string | null;
}

/**
 * Reads `Prefer` (RFC 7240). `respond-async` means `wait=0`; more than 30 s becomes 30 s. Malformed and unknown
 * preferences are ignored, as the RFC requires. The first of several `wait` preferences counts.
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
 * The time that the response may wait for the result, in milliseconds (0 to 30,000); `defaultSeconds` without a
 * preference. Also sets `Preference-Applied` on the response.
 */
export const WaitFor = createParamDecorator((defaultSeconds: number, context: ExecutionContext): number => {
  const http = context.switchToHttp();
  const preference = readPreference(http.getRequest<FastifyRequest>().headers.prefer, defaultSeconds);
  markPreference(http.getResponse<FastifyReply>(), preference);
  return preference.waitMs;
});

/** Sets `Preference-Applied` to the preference that was applied. */
export function markPreference(reply: FastifyReply, preference: Preference): void {
  if (preference.applied !== null) void reply.header('Preference-Applied', preference.applied);
  void reply.header('Vary', 'Prefer');
}
