import { Agent, buildConnector, type Dispatcher } from 'undici';
import type { ProxySettings } from '../config/config.js';
import { dropInterimAnswers } from './interim-answers.js';
import { connectReason, NotConnectedError } from './not-connected.js';
import { proxyConnector } from './proxy-connector.js';

const CONNECT_TIMEOUT_MS = 5_000;
/**
 * Shorter than the keep-alive time of any server: a call on a connection that the server is closing would be in doubt.
 */
const KEEP_ALIVE_MS = 4_000;

/**
 * The pool of connections to the providers, direct or through tunnels of the proxy. Environment variables such as
 * HTTPS_PROXY do not change its routes or its certificate checks. Errors of the connection phase are marked at their
 * source, because later they cannot be distinguished from errors after sending.
 */
export function createPool(proxy: ProxySettings | null): Dispatcher {
  const direct = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    allowH2: false,
  });
  const connect = proxy === null ? direct : proxyConnector(proxy, direct, CONNECT_TIMEOUT_MS);
  return new Agent({
    keepAliveTimeout: KEEP_ALIVE_MS,
    pipelining: 1,
    allowH2: false,
    connect: (options, callback) => {
      connect(options, (error, socket) => {
        if (error) callback(asNotConnected(error), null);
        else callback(null, dropInterimAnswers(socket));
      });
    },
  });
}

function asNotConnected(error: Error): NotConnectedError {
  return error instanceof NotConnectedError ? error : new NotConnectedError(connectReason(error), error);
}
