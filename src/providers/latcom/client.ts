import type { HttpReply } from '../../outbound/provider-http.service.js';
import type { ProviderClient } from '../../outbound/provider-client.js';
import { readLogin } from '../../outbound/read-login.js';
import type { Login } from '../../outbound/token-cache.service.js';
import type { ProviderClientFactory } from '../../outbound/provider-client.factory.js';
import type { StoredOperation } from '../../connector/connector.js';
import { isOwnError, judgeToken } from './errors.js';
import type { LatcomSettings } from './settings.js';

const TOKEN_LIFETIME_MS = 60 * 60_000;
const LOGIN_DEADLINE_MS = 8_000;
const BALANCE_DEADLINE_MS = 8_000;
const DEFAULT_BACKOFF_MS = 60_000;
const QUOTA_WINDOW_MS = 15 * 60_000;

/** LATCOM over HTTP: paths, login, bearer token. `topup.mapping.ts` reads the responses. */
export class LatcomClient {
  readonly http: ProviderClient;

  constructor(
    private readonly config: LatcomSettings,
    tools: ProviderClientFactory,
  ) {
    this.http = tools.client({
      provider: 'latcom',
      quota: { name: 'latcom', limit: config.requestsPer15Minutes, windowMs: QUOTA_WINDOW_MS },
      token: { name: 'latcom', login: () => this.login(), defaultLifetimeMs: TOKEN_LIFETIME_MS },
      judgeToken,
      defaultBackoffMs: DEFAULT_BACKOFF_MS,
    });
  }

  /** Buys for real money. Call it again for the same purchase only if the first call was certainly not executed. */
  purchase({ body, priority, deadlineMs }: StoredOperation, beforeSend: () => void): Promise<HttpReply> {
    return this.http.call({
      operation: 'purchase',
      priority,
      beforeSend,
      request: (token) => ({
        method: 'POST',
        url: `${this.config.baseUrl}/product_purchase`,
        headers: { accept: 'application/json', 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body,
        deadlineMs,
      }),
    });
  }

  /** Queries the prepaid balance, which is in LATCOM's own currency. */
  balance(): Promise<HttpReply> {
    return this.http.call({
      operation: 'balance',
      repeatable: true,
      request: (token) => ({
        method: 'GET',
        url: `${this.config.baseUrl}/get_balance`,
        headers: { accept: 'application/json', authorization: `Bearer ${token}` },
        deadlineMs: BALANCE_DEADLINE_MS,
      }),
    });
  }

  private async login(): Promise<Login> {
    const reply = await this.http.callPlain('login', {
      method: 'POST',
      url: `${this.config.baseUrl}/login`,
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify({ customer_id: this.config.customerId, secret_key: this.config.secretKey }),
      deadlineMs: LOGIN_DEADLINE_MS,
    });
    return readLogin(reply, isOwnError);
  }
}
