import type { HttpReply } from '../../outbound/provider-http.service.js';
import { judgeByStatus, type TokenVerdict } from '../../outbound/token-verdict.js';
import { readWholeNumber } from '../../readers/integer.js';
import { isRecord, parseRecord, type JsonRecord } from '../../readers/json.js';
import { textOf } from '../../readers/record.js';

/** HTTP statuses and business codes alike have three digits; the codes of API gateways are words, or longer. */
const OWN_CODE = /^[1-9][0-9]{2}$/;
const BESIDE_CODE = ['message', 'instructions', 'issuedDateTime', 'details'];

/**
 * Whether a refusal is in LATAM Pass's own words: a business error (`code` beside `message`, `instructions`,
 * `issuedDateTime` or `details`), or the error of the token call (`result`, `errors`). Everything else (`{ message }`,
 * `{ error }`, HTML) is of something that stands in front of LATAM Pass, and no refusal of the operation. Pure.
 */
export function isOwnError(body: JsonRecord): boolean {
  return isBusinessError(body) || isTokenError(body);
}

function isBusinessError(body: JsonRecord): boolean {
  return OWN_CODE.test(textOf(body, 'code') ?? '') && BESIDE_CODE.some((name) => name in body);
}

/** `{ result: "failure", errors: [{ type, message }], status }` */
function isTokenError(body: JsonRecord): boolean {
  const { errors, result } = body;
  return result === 'failure' && Array.isArray(errors) && errors.some(isRecord);
}

/** The edge firewall answers in HTML ("Access Denied"), and gives a reference; null: it is no such page. */
export function edgeReference(body: string): string | null {
  const text = body.replace(/&#(\d{2,3});/g, (_entity, code: string) =>
    String.fromCharCode(readWholeNumber(code, 999) ?? 0),
  );
  return /Reference\s?#?\s?([\w.]{6,80})/i.exec(text)?.[1] ?? null;
}

/**
 * A 403 in LATAM Pass's own words may be about the token, as a 401 is. The firewall looks at the request and not at the token:
 * its page is no reason to log in again.
 */
export function judgeToken(reply: HttpReply): TokenVerdict {
  if (reply.status === 403 && edgeReference(reply.body) !== null) return 'accepted';
  const body = reply.status === 403 ? parseRecord(reply.body) : null;
  return body && isBusinessError(body) && isAboutToken(body) ? 'refused' : judgeByStatus(reply, isOwnError);
}

function isAboutToken(body: JsonRecord): boolean {
  return /\btoken\b/i.test(`${textOf(body, 'message') ?? ''} ${textOf(body, 'instructions') ?? ''}`);
}
