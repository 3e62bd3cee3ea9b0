import type { HttpReply } from '../../outbound/provider-http.service.js';
import type { ProviderClient } from '../../outbound/provider-client.js';
import { readLogin } from '../../outbound/read-login.js';
import type { Login } from '../../outbound/token-cache.service.js';
import type { ProviderClientFactory } from '../../outbound/provider-client.factory.js';
import type { OperationPriority, StoredOperation } from '../../connector/connector.js';
import { isOwnError, judgeToken } from './errors.js';
import type { LatamPassSettings } from './settings.js';

const TOKEN_LIFETIME_MS = 60 * 60_000;
const TOKEN_DEADLINE_MS = 8_000;
const STATUS_DEADLINE_MS = 10_000;
/** Two tries and a login must take less than 30 s, the longest time that callers wait. */
const SEARCH_DEADLINE_MS = 8_000;
const DEFAULT_BACKOFF_MS = 30_000;

const ACCRUAL_PATH = '/v2/customer/loyalty/partner/accrual';
const COBRANDED_PATH = '/v1/customer/loyalty/partner/cobranded';
const SEARCH_PATH = '/v1/customer/loyalty/partner/member/search-member';

type AccrualFilter = { readonly correlationId: string } | { readonly partnerAccrualId: string };

/** LATAM Pass over HTTP: paths, headers, token. The `<noun>.mapping.ts` files read the responses. */
export class LatamPassClient {
  readonly http: ProviderClient;
  private readonly root: string;

  constructor(
    private readonly config: LatamPassSettings,
    tools: ProviderClientFactory,
  ) {
    const inSandbox = config.environment === 'sandbox';
    this.root = `${config.baseUrl}${inSandbox ? '/sandbox' : ''}`;
    this.http = tools.client({
      provider: 'latam-pass',
      quota: { name: 'latam-pass', limit: config.requestsPerMinute, windowMs: 60_000 },
      token: { name: 'latam-pass', login: () => this.login(), defaultLifetimeMs: TOKEN_LIFETIME_MS },
      judgeToken,
      defaultBackoffMs: DEFAULT_BACKOFF_MS,
    });
  }

  /** Submits an accrual. `body` is sent byte for byte. @throws ProviderError */
  submitAccrual({ body, priority, deadlineMs }: StoredOperation, beforeSend: () => void): Promise<HttpReply> {
    return this.http.call({
      operation: 'accrual',
      priority,
      repeatable: true,
      beforeSend,
      request: (token) => ({
        method: 'POST',
        url: `${this.root}${ACCRUAL_PATH}`,
        headers: { ...this.headers(token), 'content-type': 'application/json' },
        body,
        deadlineMs,
      }),
    });
  }

  /** Queries one accrual. LATAM Pass accepts exactly one of the two ids. @throws ProviderError */
  findAccrual(filter: AccrualFilter, priority: OperationPriority): Promise<HttpReply> {
    const query = new URLSearchParams({ partnerIdentifier: this.config.partnerId, ...filter });
    return this.http.call({
      operation: 'accrual_status',
      priority,
      repeatable: true,
      request: (token) => ({
        method: 'GET',
        url: `${this.root}${ACCRUAL_PATH}?${query.toString()}`,
        headers: this.headers(token),
        deadlineMs: STATUS_DEADLINE_MS,
      }),
    });
  }

  /** Looks up a member; read-only. `scope` is the value of `x-scope`. @throws ProviderError */
  searchMember(body: string, scope: string): Promise<HttpReply> {
    return this.http.call({
      operation: 'member_search',
      repeatable: true,
      request: (token) => ({
        method: 'POST',
        url: `${this.root}${SEARCH_PATH}`,
        headers: { ...this.headers(token), 'content-type': 'application/json', 'x-scope': scope },
        body,
        deadlineMs: SEARCH_DEADLINE_MS,
      }),
    });
  }

  /** Starts the benefits of a card. `body` is sent byte for byte. @throws ProviderError */
  startCobranded(operation: StoredOperation, issueBank: string, beforeSend: () => void): Promise<HttpReply> {
    return this.cobranded('POST', operation, issueBank, beforeSend);
  }

  /** Ends the benefits of a card with a DELETE that has a body. @throws ProviderError */
  endCobranded(operation: StoredOperation, issueBank: string, beforeSend: () => void): Promise<HttpReply> {
    return this.cobranded('DELETE', operation, issueBank, beforeSend);
  }

  private cobranded(
    method: 'POST' | 'DELETE',
    { type, body, priority, deadlineMs }: StoredOperation,
    issueBank: string,
    beforeSend: () => void,
  ): Promise<HttpReply> {
    return this.http.call({
      operation: type,
      priority,
      repeatable: true,
      beforeSend,
      request: (token) => ({
        method,
        url: `${this.root}${COBRANDED_PATH}`,
        headers: { ...this.headers(token), 'content-type': 'application/json', 'x-issue-bank': issueBank },
        body,
        deadlineMs,
      }),
    });
  }

  private headers(token: string): Record<string, string> {
    return { accept: 'application/json', client_id: this.config.clientId, access_token: token, ...this.testHeader() };
  }

  private testHeader(): Record<string, string> {
    return this.config.environment === 'sandbox' ? { 'x-latam-test': 'LatamPass' } : {};
  }

  private async login(): Promise<Login> {
    const { clientId, clientSecret, authorization } = this.config;
    const basic = authorization ?? Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    const reply = await this.http.callPlain('token', {
      method: 'POST',
      url: `${this.root}/oauth/access-token`,
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        client_id: clientId,
        authorization: `Basic ${basic.replace(/^Basic\s+/i, '')}`,
        ...this.testHeader(),
      },
      body: 'grant_type=client_credentials',
      deadlineMs: TOKEN_DEADLINE_MS,
    });
    return readLogin(reply, isOwnError);
  }
}
