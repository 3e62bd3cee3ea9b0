import { readHttpDate } from '../readers/http-date.js';
import { parseRecord } from '../readers/json.js';
import { readSeconds } from '../readers/seconds.js';
import type { HttpReply } from './provider-http.service.js';

const MAX_MS = 3_600_000;

/**
 * The pause in `Retry-After` (RFC 9110: seconds or a date) or in a `retry_after` member of the body, in milliseconds,
 * at most one hour. null: there is none that can be read, or the time has passed.
 */
export function retryAfterMs(reply: HttpReply, now = new Date()): number | null {
  const header = reply.headers['retry-after'];
  const fromHeaderMs = header === undefined ? null : fromHeader(header, now);
  return fromHeaderMs ?? readSeconds(parseRecord(reply.body)?.['retry_after'], MAX_MS);
}

/** A repeated header arrives as one value with commas. The longest time counts. */
function fromHeader(text: string, now: Date): number | null {
  const date = readHttpDate(text, now);
  if (date) {
    const aheadMs = date.getTime() - now.getTime();
    return aheadMs < 0 ? null : Math.min(aheadMs, MAX_MS);
  }
  const all = text.split(',').map((part) => readSeconds(part, MAX_MS));
  return all.reduce((one, other) => (one === null || other === null ? null : Math.max(one, other)));
}

/** The pause that an error answer requests, if any (RFC 9110, 10.2.3). */
export function requestedPause(reply: HttpReply): { readonly retryAfterMs?: number } {
  const waitMs = reply.status < 400 ? null : retryAfterMs(reply);
  return waitMs === null ? {} : { retryAfterMs: waitMs };
}
