import type { HttpReply } from './http-door.js';

const MAX_MS = 3_600_000;

/** `Retry-After` (RFC 9110: seconds or a date), or a `retry_after` member of the body, in milliseconds; null: neither. */
export function retryAfterMs(reply: HttpReply): number | null {
  const header = reply.headers['retry-after'];
  const told = header === undefined ? secondsInBody(reply.body) : fromHeader(header);
  return told === null || !Number.isFinite(told) || told < 0 ? null : Math.min(told, MAX_MS);
}

function fromHeader(text: string): number | null {
  if (/^\d{1,9}$/.test(text.trim())) return Number(text.trim()) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : date - Date.now();
}

function secondsInBody(body: string): number | null {
  const found = /"retry_after"\s*:\s*"?(\d{1,6})"?/.exec(body);
  return found?.[1] === undefined ? null : Number(found[1]) * 1000;
}
