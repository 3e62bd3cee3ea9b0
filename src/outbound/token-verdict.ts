import { parseRecord, type JsonRecord } from '../readers/json.js';
import type { HttpReply } from './provider-http.service.js';

/**
 * What an answer says of the token. `refused`: it is not taken, and nothing was executed. `suspect`: something in front of
 * the provider refused the call, perhaps because of the token. `credentials`: they are wrong, and a new token will not help.
 */
export type TokenVerdict = 'accepted' | 'refused' | 'suspect' | 'credentials';

/** For most providers: a 401 refuses the token, and a 403 that is not in the provider's own words may mean it too. */
export function judgeByStatus(reply: HttpReply, isOwnError: (body: JsonRecord) => boolean): TokenVerdict {
  if (reply.status === 401) return 'refused';
  if (reply.status !== 403) return 'accepted';
  const body = parseRecord(reply.body);
  return body && isOwnError(body) ? 'accepted' : 'suspect';
}
