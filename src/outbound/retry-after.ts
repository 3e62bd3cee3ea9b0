import { readHttpDate } from '../readers/http-date.js';
import { parseRecord } from '../readers/json.js';
import { readSeconds } from '../readers/seconds.js';
import type { HttpReply } from './provider-http.service.js';

const MAX_MS = 3_600_000;

/**
 * `Retry-After` (RFC 9110: seconds or a date), or a `retry_after` member of the body, in milliseconds, at most an hour;
 * null: neither can be read, or it is a time that has passed.
 */
export function retryAfterMs(reply: HttpReply, now = new Date()): number | null {
  const header = reply.headers['retry-after'];
  const told = header === undefined ? null : fromHeader(header, now);
  return told ?? readSeconds(parseRecord(reply.body)?.['retry_after'], MAX_MS);
}

/** A header that is there twice arrives as one, with a comma: of two times the later one counts. */
function fromHeader(text: string, now: Date): number | null {
  const date = readHttpDate(text, now);
  if (date) {
    const aheadMs = date.getTime() - now.getTime();
    return aheadMs < 0 ? null : Math.min(aheadMs, MAX_MS);
  }
  const all = text.split(',').map((part) => readSeconds(part, MAX_MS));
  return all.reduce((one, other) => (one === null || other === null ? null : Math.max(one, other)));
}

/** For an error: how long the sender of the answer wants to be left alone, when it says so (RFC 9110, 10.2.3). */
export function askedPause(reply: HttpReply): { readonly retryAfterMs?: number } {
  const waitMs = reply.status < 400 ? null : retryAfterMs(reply);
  return waitMs === null ? {} : { retryAfterMs: waitMs };
}
