import { parseRecord, type JsonRecord } from '../readers/json.js';
import type { HttpReply } from './provider-http.service.js';

/**
 * The provider's answer about the token. `refused`: the token is not accepted, and nothing was executed. `suspect`: a
 * proxy or firewall refused the call, perhaps because of the token. `credentials`: the credentials are wrong, and a new
 * token will not help.
 */
export type TokenVerdict = 'accepted' | 'refused' | 'suspect' | 'credentials';

/**
 * The rule for most providers: a 401 refuses the token, and a 403 that the provider itself did not write may do so too.
 */
export function judgeByStatus(reply: HttpReply, isOwnError: (body: JsonRecord) => boolean): TokenVerdict {
  if (reply.status === 401) return 'refused';
  if (reply.status !== 403) return 'accepted';
  const body = parseRecord(reply.body);
  return body && isOwnError(body) ? 'accepted' : 'suspect';
}
