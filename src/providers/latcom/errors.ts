import type { HttpReply } from '../../outbound/provider-http.service.js';
import type { TokenVerdict } from '../../outbound/token-verdict.js';
import { judgeByStatus } from '../../outbound/token-verdict.js';
import { parseRecord, type JsonRecord } from '../../readers/json.js';
import { textOf } from '../../readers/record.js';

/** Words of a refusal that is about who asks, not about what is asked for. */
const ABOUT_TOKEN = /token|jwt|unauthori[sz]ed|authentication|credential/i;

/** Whether a refusal is LATCOM's own: "All errors return success: false, error, response_code (if applicable)". Pure. */
export function isOwnError(body: JsonRecord): boolean {
  const says = textOf(body, 'error') ?? textOf(body, 'response_code');
  return body['success'] === false && says !== null;
}

/** LATCOM answers a dead token with 401 or with 403; the token is looked at before anything is executed. */
export function judgeToken(reply: HttpReply): TokenVerdict {
  const body = parseRecord(reply.body);
  const isAboutToken =
    body !== null &&
    isOwnError(body) &&
    textOf(body, 'response_code') === null &&
    ABOUT_TOKEN.test(textOf(body, 'error') ?? '');
  return reply.status === 403 && isAboutToken ? 'refused' : judgeByStatus(reply, isOwnError);
}
