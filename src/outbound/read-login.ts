import { REFUSED_BY_EDGE, ProviderError } from '../connector/connector.js';
import { parseRecord, type JsonRecord } from '../readers/json.js';
import { readToken } from '../readers/header-value.js';
import { textOf } from '../readers/record.js';
import { readSeconds } from '../readers/seconds.js';
import type { HttpReply } from './provider-http.service.js';
import { TOKEN_UNREADABLE } from './login-failure.js';
import { requestedPause } from './retry-after.js';
import { MAX_LIFETIME_MS, type Login } from './token-cache.service.js';

/** Statuses with which providers refuse credentials. Some use 400, and a 200 may contain a refusal too. */
const REFUSED = new Set([200, 400, 401, 403]);
const MIN_LIFETIME_MS = 1_000;

/**
 * Reads the answer to a login: any 2xx with an `access_token` that can be sent in a header (some providers answer
 * 201), and its lifetime if it is plausible. `isOwnError` recognizes refusals by the provider itself; a refusal
 * by a proxy or firewall says nothing about the credentials.
 * @throws ProviderError `unauthorized` when the credentials are refused, otherwise `doubtful`
 */
export function readLogin(reply: HttpReply, isOwnError: (body: JsonRecord) => boolean): Login {
  const { status } = reply;
  const body = parseRecord(reply.body);
  if (body && REFUSED.has(status) && isOwnError(body)) throw new ProviderError('unauthorized', 'credentials_refused');
  const extras = { ...requestedPause(reply), evidence: { httpStatus: status } };
  if (status >= 400 && status < 500) throw new ProviderError('doubtful', REFUSED_BY_EDGE, extras);
  if (status >= 300) throw new ProviderError('doubtful', status < 400 ? 'redirected' : 'server_error', extras);
  const text = textOf(body, 'access_token');
  const token = text === null || body?.['success'] === false ? null : readToken(text);
  if (token === null) throw new ProviderError('doubtful', TOKEN_UNREADABLE, extras);
  const lifetimeMs = readSeconds(body?.['expires_in'], MAX_LIFETIME_MS);
  return { token, expiresInMs: lifetimeMs !== null && lifetimeMs >= MIN_LIFETIME_MS ? lifetimeMs : null };
}
