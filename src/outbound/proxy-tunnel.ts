import { request as requestPlain, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestSecure, type RequestOptions } from 'node:https';
import { isIP, type Socket } from 'node:net';
import type { ProxySettings } from '../config/config.js';
import { connectReason, NotConnectedError } from './not-connected.js';

/**
 * Requests a tunnel to `authority` (host:port) from the proxy. It uses Node's HTTP client, because undici's ProxyAgent
 * has no overall deadline and reports the status of a refusal only as text.
 *
 * @throws NotConnectedError whose reason begins with `proxy_`
 */
export function openTunnel(proxy: ProxySettings, authority: string, deadline: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const request = requestTunnel(proxy, authority, deadline);
    request.once('connect', (response: IncomingMessage, socket: Socket, head: Buffer) => {
      // The TLS connection inside the tunnel reports errors of this socket.
      socket.on('error', () => undefined);
      const problem = problemOf(response, head);
      if (problem === null) {
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(new NotConnectedError(problem));
    });
    request.once('error', (error) => reject(new NotConnectedError(`proxy_${reasonOf(error)}`, error)));
    request.end();
  });
}

function requestTunnel({ url, authorization }: ProxySettings, authority: string, signal: AbortSignal): ClientRequest {
  const host = new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');
  const options: RequestOptions = {
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...(authorization !== null && { 'proxy-authorization': authorization }) },
    signal,
    // Not the global agent: environment variables may route it through another proxy.
    agent: false,
    // For a proxy that is reached over TLS.
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    // The default would be the Host header, which names the target instead of the proxy.
    servername: isIP(host) === 0 ? host : '',
  };
  return url.startsWith('https:') ? requestSecure(url, options) : requestPlain(url, options);
}

/** The reason why the answer opens no tunnel; null: it opens one, as every 2xx does (RFC 9110, 9.3.6). */
function problemOf({ statusCode = 0 }: IncomingMessage, head: Buffer): string | null {
  if (statusCode < 200 || statusCode >= 300) return `proxy_refused_${statusCode}`;
  // A target sends nothing before the client does, so earlier bytes come from the proxy.
  return head.length === 0 ? null : 'proxy_unreadable';
}

function reasonOf(error: unknown): string {
  const reason = connectReason(error);
  if (reason === 'abort_err') return 'timeout';
  return reason.startsWith('hpe_') ? 'unreadable' : reason;
}
