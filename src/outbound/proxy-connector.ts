import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import type { ProxySettings } from '../config/config.js';
import { exemptionFor } from '../config/no-proxy.js';
import { connectReason, NotConnectedError } from './not-connected.js';
import { openTunnel } from './proxy-tunnel.js';
import { readWholeNumber } from '../readers/integer.js';

const MAX_PORT = 65_535;
const DEFAULT_PORTS = new Map([
  ['https:', 443],
  ['http:', 80],
]);

/**
 * Connects through the proxy, unless the target is exempt. Every target is reached by CONNECT: the proxy learns only
 * its name and port if it uses https. One deadline covers the connection to the proxy, its answer, and TLS with the
 * target.
 */
export function proxyConnector(
  proxy: ProxySettings,
  direct: buildConnector.connector,
  timeoutMs: number,
): buildConnector.connector {
  const isExempt = exemptionFor(proxy.exempt);
  return (options, callback) => {
    const port = portOf(options);
    if (isExempt(options.hostname, port)) {
      direct(options, callback);
      return;
    }
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), timeoutMs);
    connect(options, port, deadline.signal)
      .finally(() => clearTimeout(timer))
      .then(
        (socket) => callback(null, socket),
        (error: unknown) => callback(failureOf(error), null),
      );
  };

  async function connect(options: buildConnector.Options, port: number, deadline: AbortSignal): Promise<Socket> {
    const host = options.hostname.includes(':') ? `[${options.hostname}]` : options.hostname;
    const tunnel = await openTunnel(proxy, `${host}:${port}`, deadline);
    return options.protocol === 'https:' ? secure(options, tunnel, deadline) : tunnel;
  }

  /** Starts TLS with the target through the tunnel and verifies the target's name. */
  function secure(options: buildConnector.Options, tunnel: Socket, deadline: AbortSignal): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        reject(new NotConnectedError('und_err_connect_timeout'));
        tunnel.destroy();
      };
      deadline.addEventListener('abort', giveUp, { once: true });
      direct({ ...options, httpSocket: tunnel }, (error, socket) => {
        deadline.removeEventListener('abort', giveUp);
        if (error) reject(error);
        else resolve(socket);
        if (error) tunnel.destroy();
      });
    });
  }
}

function portOf({ port, protocol }: buildConnector.Options): number {
  return port === '' ? (DEFAULT_PORTS.get(protocol) ?? 0) : (readWholeNumber(port, MAX_PORT) ?? 0);
}

function failureOf(error: unknown): NotConnectedError {
  return error instanceof NotConnectedError ? error : new NotConnectedError(connectReason(error), error);
}
