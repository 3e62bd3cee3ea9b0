import type { HttpReply } from '../../outbound/provider-http.service.js';
import type { TokenVerdict } from '../../outbound/token-verdict.js';
import { judgeByStatus } from '../../outbound/token-verdict.js';
import { parseRecord, type JsonRecord } from '../../readers/json.js';
import { textOf } from '../../readers/record.js';

/** Words of an error about the credentials, not about the request. */
const ABOUT_TOKEN = /token|jwt|unauthori[sz]ed|authentication|credential/i;

/** True when LATCOM wrote the error: "All errors return success: false, error, response_code (if applicable)". Pure. */
export function isOwnError(body: JsonRecord): boolean {
  const says = textOf(body, 'error') ?? textOf(body, 'response_code');
  return body['success'] === false && says !== null;
}

/** LATCOM rejects an expired token with 401 or 403, and checks it before it executes anything. */
export function judgeToken(reply: HttpReply): TokenVerdict {
  const body = parseRecord(reply.body);
  const isAboutToken =
    body !== null &&
    isOwnError(body) &&
    textOf(body, 'response_code') === null &&
    ABOUT_TOKEN.test(textOf(body, 'error') ?? '');
  return reply.status === 403 && isAboutToken ? 'refused' : judgeByStatus(reply, isOwnError);
}
