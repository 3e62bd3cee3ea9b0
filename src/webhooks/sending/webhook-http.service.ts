import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { errorCode } from '../../readers/error-code.js';
import { readHttpDate } from '../../readers/http-date.js';
import { readSeconds } from '../../readers/seconds.js';
import { isTlsFailure } from '../../outbound/tls-failure.js';
import { Connections } from './connections.js';
import { faultOfUrl, type UrlRules } from './endpoint-url.js';
import { AddressRefusedError } from './guarded-connector.js';
import { addressRule } from './public-address.js';

/** From the connection to the end of the response. */
const DEADLINE_MS = 15_000;
/** More of a response is not read. None of it is kept. */
const MAX_ANSWER_BYTES = 16 * 1024;
const MAX_RETRY_AFTER_MS = 24 * 60 * 60_000;
const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/** Why no usable answer came, as partners see it. */
export type SendError =
  | 'address_refused'
  | 'invalid_url'
  | 'name_not_found'
  | 'connection_refused'
  | 'tls_expired'
  | 'tls_failed'
  | 'timeout'
  | 'connection_lost';

/** The result of one attempt. */
export interface SendResult {
  /** null: there was no answer. */
  readonly status: number | null;
  readonly error: SendError | null;
  readonly durationMs: number;
  /** The pause that the receiver asked for (`Retry-After`), at most 24 hours; null: none. */
  readonly retryAfterMs: number | null;
}

export interface WebhookRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends requests to partners' receivers. It follows no redirect, and keeps nothing of what a receiver answers. */
@Injectable()
export class WebhookHttp implements OnApplicationShutdown {
  readonly rules: UrlRules;
  private readonly connections: Connections;

  constructor({ webhooks, isProduction }: Config) {
    const { ports, allowedNetworks, proxy } = webhooks;
    const isAllowed = addressRule(isProduction ? allowedNetworks : [...allowedNetworks, ...LOOPBACK]);
    this.rules = {
      ports,
      isAllowed,
      allowsLoopback: !isProduction,
      allowsShortNames: allowedNetworks.length > 0,
    };
    this.connections = new Connections(isAllowed, proxy);
  }

  /** Never throws: every failure is a result. */
  async send({ url, headers, body }: WebhookRequest): Promise<SendResult> {
    const startedAt = performance.now();
    const result = (
      status: number | null,
      error: SendError | null,
      retryAfterMs: number | null = null,
    ): SendResult => ({
      status,
      error,
      durationMs: Math.round(performance.now() - startedAt),
      retryAfterMs,
    });
    // The rules may have changed since the endpoint was created.
    if (faultOfUrl(url, this.rules) !== null) return result(null, 'invalid_url');
    const signal = AbortSignal.timeout(DEADLINE_MS);
    try {
      const answer = await this.connections.post(url, { headers, body, signal });
      // The status is the answer. A body that is too long or too slow only costs the connection.
      await answer.body.dump({ limit: MAX_ANSWER_BYTES, signal }).catch(() => undefined);
      return result(answer.statusCode, null, pauseOf(answer.headers['retry-after']));
    } catch (error) {
      return result(null, signal.aborted ? 'timeout' : errorClass(error));
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.connections.destroy();
  }
}

function pauseOf(header: string | string[] | undefined): number | null {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return null;
  const date = readHttpDate(text, new Date());
  if (!date) return readSeconds(text, MAX_RETRY_AFTER_MS);
  const aheadMs = date.getTime() - Date.now();
  return aheadMs <= 0 ? null : Math.min(aheadMs, MAX_RETRY_AFTER_MS);
}

function errorClass(error: unknown): SendError {
  if (error instanceof AddressRefusedError) return 'address_refused';
  const code = errorCode(error)?.toLowerCase() ?? '';
  if (code === 'cert_has_expired') return 'tls_expired';
  if (isTlsFailure(code)) return 'tls_failed';
  if (code === 'enotfound' || code === 'eai_again') return 'name_not_found';
  if (/^(econnrefused|ehostunreach|enetunreach|eacces|eperm)$/.test(code)) return 'connection_refused';
  return code.includes('timeout') || code === 'etimedout' ? 'timeout' : 'connection_lost';
}
