import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import type { AxiosAdapter, AxiosResponse } from 'axios';
import type { Dispatcher } from 'undici';
import { Config } from '../config/config.js';
import { ProviderError } from '../connector/connector.js';
import {
  BodyTooLargeError,
  NotStartedError,
  sendRequest,
  type HttpReply,
  type HttpRequest,
} from './undici-transport.js';
import { NotConnectedError } from './not-connected.js';
import { createPool } from './pool.js';
import { undiciAdapter } from './undici-adapter.js';
import { errorCode } from '../readers/error-code.js';

/** The failure reason of a request that our HTTP client refuses, because a header or the URL cannot be written. */
export const UNSENDABLE = 'unsendable_request';

export type { HttpReply, HttpRequest } from './undici-transport.js';

/**
 * The only HTTP client of the gateway. It follows no redirects, always verifies TLS, and aborts slow or very large
 * answers. An answer with any status is returned; every other result is an error that says whether the request may have
 * been read.
 */
@Injectable()
export class ProviderHttp {
  private readonly pool: Dispatcher;
  private readonly adapter: AxiosAdapter;

  constructor(
    private readonly http: HttpService,
    config: Config,
  ) {
    this.pool = createPool(config.outboundProxy);
    this.adapter = undiciAdapter(this.pool);
  }

  /** @throws ProviderError `not-sent` when no byte was sent, otherwise `doubtful` */
  async send(request: HttpRequest): Promise<HttpReply> {
    try {
      return await sendRequest(this.pool, request);
    } catch (error) {
      throw classify(error);
    }
  }

  /** The same through Nest's HttpService, for rare calls (logins): axios costs as much as the whole rest of a call. */
  async sendThroughAxios(request: HttpRequest): Promise<HttpReply> {
    const progress = { begun: false };
    try {
      const response: AxiosResponse<unknown> = await this.http.axiosRef.request({
        adapter: (config) => {
          progress.begun = true;
          return this.adapter(config);
        },
        method: request.method,
        url: request.url,
        headers: { ...request.headers },
        ...(request.body !== undefined && { data: request.body }),
        timeout: request.deadlineMs,
        responseType: 'text',
        transformRequest: [(data: unknown) => data],
        transformResponse: [(data: unknown) => data],
        validateStatus: () => true,
      });
      return { status: response.status, headers: plainHeaders(response), body: String(response.data) };
    } catch (error) {
      throw progress.begun ? classify(error) : new ProviderError('not-sent', UNSENDABLE, { cause: error });
    }
  }
}

function plainHeaders(response: AxiosResponse<unknown>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (typeof value === 'string') headers[name.toLowerCase()] = value;
  }
  return headers;
}

/**
 * Only a failure to connect, or before a connection was assigned, proves that the provider has read nothing. The number
 * of written bytes proves nothing.
 */
function classify(error: unknown): ProviderError {
  if (error instanceof NotStartedError) {
    const reason = error.isUnsendable ? UNSENDABLE : reasonOf(error.cause);
    return new ProviderError('not-sent', reason, { cause: error });
  }
  if (error instanceof NotConnectedError) return new ProviderError('not-sent', error.reason, { cause: error });
  if (error instanceof BodyTooLargeError) return new ProviderError('doubtful', 'answer_too_large', { cause: error });
  return new ProviderError('doubtful', reasonOf(error), { cause: error });
}

function reasonOf(error: unknown): string {
  const isTimeout = typeof error === 'object' && error !== null && 'name' in error && error.name === 'TimeoutError';
  return isTimeout ? 'timeout' : (errorCode(error) || 'io_error').toLowerCase();
}
