import { AxiosHeaders, type AxiosAdapter, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';
import type { Dispatcher } from 'undici';
import { sendRequest } from './undici-transport.js';

/** An axios adapter over the pool. The adapter of axios has no deadline for the body. */
export function undiciAdapter(pool: Dispatcher): AxiosAdapter {
  return async (config: InternalAxiosRequestConfig): Promise<AxiosResponse> => {
    const reply = await sendRequest(pool, {
      method: methodOf(config.method),
      url: config.url ?? '',
      headers: textHeaders(config.headers),
      ...(typeof config.data === 'string' && { body: config.data }),
      deadlineMs: config.timeout ?? 0,
    });
    const headers = new AxiosHeaders(reply.headers);
    return { data: reply.body, status: reply.status, statusText: '', headers, config, request: null };
  };
}

function methodOf(method: string | undefined): 'GET' | 'POST' | 'DELETE' {
  const upper = method?.toUpperCase();
  return upper === 'POST' || upper === 'DELETE' ? upper : 'GET';
}

function textHeaders(headers: AxiosHeaders): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (typeof value === 'string') plain[name] = value;
  return plain;
}
