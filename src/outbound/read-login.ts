import { ProviderError } from '../providers/connector.js';
import type { HttpReply } from './http-door.js';
import { parseRecord } from '../readers/json.js';
import { textOf } from '../readers/record.js';
import type { Login } from './token-cache.js';

const REFUSED = new Set([400, 401, 403]);

/**
 * The answer to a login: any 2xx with an `access_token` (LATAM Pass answers 201, the others 200), its lifetime in seconds
 * when it makes sense. @throws ProviderError `unauthorized` when the credentials are refused, `doubtful` otherwise.
 */
export function readLogin(reply: HttpReply): Login {
  const body = parseRecord(reply.body);
  const token = textOf(body, 'access_token');
  if (reply.status >= 200 && reply.status < 300 && token !== null && body?.['success'] !== false) {
    const seconds = Number(textOf(body, 'expires_in'));
    return { token, expiresInMs: seconds > 0 ? seconds * 1000 : null };
  }
  // A refusal is JSON; an HTML page with the same status comes from a firewall and says nothing about the credentials.
  if (body && REFUSED.has(reply.status)) throw new ProviderError('unauthorized', 'credentials_refused');
  throw new ProviderError('doubtful', 'token_unreadable', { evidence: { httpStatus: reply.status } });
}
