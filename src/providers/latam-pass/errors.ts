import type { HttpReply } from '../../outbound/provider-http.service.js';
import { judgeByStatus, type TokenVerdict } from '../../outbound/token-verdict.js';
import { readWholeNumber } from '../../readers/integer.js';
import { isRecord, parseRecord, type JsonRecord } from '../../readers/json.js';
import { textOf } from '../../readers/record.js';

/** LATAM Pass's codes are HTTP statuses or business codes, both of three digits. Codes of API gateways are words or longer. */
const OWN_CODE = /^[1-9][0-9]{2}$/;
const BESIDE_CODE = ['message', 'instructions', 'issuedDateTime', 'details'];

/**
 * True when LATAM Pass itself wrote the error: a business error (`code` with `message`, `instructions`, `issuedDateTime` or
 * `details`), or the error of the token call (`result`, `errors`). Any other body (`{ message }`, `{ error }`, HTML) comes
 * from a gateway or firewall in front of LATAM Pass and does not decline the operation. Pure.
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

/** The reference on the edge firewall's HTML page ("Access Denied"); null: another page. */
export function edgeReference(body: string): string | null {
  const text = body.replace(/&#(\d{2,3});/g, (_entity, code: string) =>
    String.fromCharCode(readWholeNumber(code, 999) ?? 0),
  );
  return /Reference\s?#?\s?([\w.]{6,80})/i.exec(text)?.[1] ?? null;
}

/**
 * A 403 that LATAM Pass wrote can be about the token, like a 401. The firewall checks the request, not the token, so its page
 * is no reason for a new login.
 */
export function judgeToken(reply: HttpReply): TokenVerdict {
  if (reply.status === 403 && edgeReference(reply.body) !== null) return 'accepted';
  const body = reply.status === 403 ? parseRecord(reply.body) : null;
  return body && isBusinessError(body) && isAboutToken(body) ? 'refused' : judgeByStatus(reply, isOwnError);
}

function isAboutToken(body: JsonRecord): boolean {
  return /\btoken\b/i.test(`${textOf(body, 'message') ?? ''} ${textOf(body, 'instructions') ?? ''}`);
}
