import type { HttpReply, HttpRequest } from '../../outbound/provider-http.service.js';
import { parseRecord } from '../../readers/json.js';
import { textOf } from '../../readers/record.js';
import { INVALID_CLIENT, type ProviderClient } from '../../outbound/provider-client.js';
import { readLogin } from '../../outbound/read-login.js';
import type { Login } from '../../outbound/token-cache.service.js';
import { judgeByStatus, type TokenVerdict } from '../../outbound/token-verdict.js';
import type { ProviderClientFactory } from '../../outbound/provider-client.factory.js';
import { ProviderError, type StoredOperation } from '../../connector/connector.js';
import { isOwnError } from './errors.js';
import type { LoyaltyLayerSettings } from './settings.js';

const TOKEN_LIFETIME_MS = 30 * 60_000;
const TOKEN_DEADLINE_MS = 8_000;
/** Deadline of calls that record no transaction, while their caller waits. */
const READ_DEADLINE_MS = 15_000;
/** As documented, LoyaltyLayer blocks the address for one minute. */
const BLOCK_MS = 60_000;

/** The members of an operation that its call needs; a batch has those of its first operation and a body of its own. */
type Sending = Pick<StoredOperation, 'body' | 'priority' | 'deadlineMs'>;

/** LoyaltyLayer over HTTP: paths, login, bearer token. The `<noun>.mapping.ts` files read the responses. */
export class LoyaltyLayerClient {
  readonly http: ProviderClient;

  constructor(
    private readonly config: LoyaltyLayerSettings,
    tools: ProviderClientFactory,
  ) {
    this.http = tools.client({
      provider: 'loyalty-layer',
      // The limit is per address, so all calls from one address share a quota, logins included.
      quota: { name: `loyalty-layer:${config.egress}`, limit: config.requestsPerMinute, windowMs: 60_000 },
      token: { name: 'loyalty-layer', login: () => this.login(), defaultLifetimeMs: TOKEN_LIFETIME_MS },
      judgeToken,
      defaultBackoffMs: BLOCK_MS,
    });
  }

  /** Creates a pass. Each executed call creates another pass. @throws ProviderError */
  createPass(operation: StoredOperation, beforeSend: () => void): Promise<HttpReply> {
    return this.act('pass_create', '/v1/pass/create', operation, beforeSend);
  }

  /** Creates several passes in one call. @throws ProviderError */
  createPasses(batch: Sending, beforeSend: () => void): Promise<HttpReply> {
    return this.act('pass_batch_create', '/v1/pass/batch-create', batch, beforeSend);
  }

  /** The public keys for encrypting cards. @throws ProviderError */
  encryptionKeys(): Promise<HttpReply> {
    return this.http.call({
      operation: 'encryption_keys',
      repeatable: true,
      priority: 'status',
      request: (token) => ({
        method: 'GET',
        url: `${this.config.apiBaseUrl}/v1/card/encryption-keys`,
        headers: { accept: 'application/json', authorization: `Bearer ${token}` },
        deadlineMs: READ_DEADLINE_MS,
      }),
    });
  }

  /** Exchanges an encrypted card for an enrol token. @throws ProviderError */
  tokenize(body: string): Promise<HttpReply> {
    return this.ask('tokenize', '/v1/card/tokenize', body, 'interactive');
  }

  /** @throws ProviderError */
  updatePass(operation: StoredOperation, beforeSend: () => void): Promise<HttpReply> {
    return this.act('pass_update', '/v1/pass/update', operation, beforeSend);
  }

  /** @throws ProviderError */
  cancelPass(operation: StoredOperation, beforeSend: () => void): Promise<HttpReply> {
    return this.act('pass_cancel', '/v1/pass/cancel', operation, beforeSend);
  }

  /** @throws ProviderError */
  passStatus(body: string): Promise<HttpReply> {
    return this.ask('pass_status', '/v1/pass/status', body, 'status');
  }

  private act(
    operation: string,
    path: string,
    { body, priority, deadlineMs }: Sending,
    beforeSend: () => void,
  ): Promise<HttpReply> {
    return this.http.call({
      operation,
      priority,
      // A second create could issue a second pass.
      repeatable: operation === 'pass_update' || operation === 'pass_cancel',
      beforeSend,
      request: (token) => this.post(path, body, token, deadlineMs),
    });
  }

  private ask(operation: string, path: string, body: string, priority: 'interactive' | 'status'): Promise<HttpReply> {
    return this.http.call({
      operation,
      priority,
      repeatable: true,
      request: (token) => this.post(path, body, token, READ_DEADLINE_MS),
    });
  }

  private post(path: string, body: string, token: string, deadlineMs: number): HttpRequest {
    return {
      method: 'POST',
      url: this.config.apiBaseUrl + path,
      headers: { accept: 'application/json', 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body,
      deadlineMs,
    };
  }

  private async login(): Promise<Login> {
    const { clientId, clientSecret, grantType } = this.config;
    const reply = await this.http.callPlain('token', {
      method: 'POST',
      url: `${this.config.baseUrl}/auth/token`,
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify({
        client_id: clientId,
        client_secret: clientSecret,
        ...(grantType !== null && { grant_type: grantType }),
      }),
      deadlineMs: TOKEN_DEADLINE_MS,
    });
    if (isInvalidClient(reply)) throw new ProviderError('unauthorized', INVALID_CLIENT, { stopsProvider: true });
    return readLogin(reply, isOwnError);
  }
}

/** Errors about the token. The guide lists them for 401 only; they mean the same with 403. */
const ABOUT_TOKEN = new Set(['invalid_token', 'unauthorized']);

function judgeToken(reply: HttpReply): TokenVerdict {
  if (isInvalidClient(reply)) return 'credentials';
  const isAboutToken = ABOUT_TOKEN.has(textOf(parseRecord(reply.body), 'error') ?? '');
  return reply.status === 403 && isAboutToken ? 'refused' : judgeByStatus(reply, isOwnError);
}

/** `invalid_client` (guide, error codes): the credentials are wrong, so a new token will not help. */
function isInvalidClient(reply: HttpReply): boolean {
  return reply.status === 401 && textOf(parseRecord(reply.body), 'error') === INVALID_CLIENT;
}
