import dns from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import type { ProxyAddress } from '../../config/config.js';
import { proxyConnector } from '../../outbound/proxy-connector.js';
import type { AddressRule } from './public-address.js';

const CONNECT_TIMEOUT_MS = 5_000;
const CONNECTIONS_PER_ORIGIN = 8;
const KEEP_ALIVE_MS = 4_000;

/** The host is, or resolves to, an address to which webhooks must not be sent. Nothing was sent. */
export class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError';
  readonly code = 'ADDRESS_REFUSED';

  constructor() {
    super('the address is not public');
  }
}

/**
 * The connections to partners' receivers, apart from those to providers. Every address is checked at each connection: a
 * name that was public when the endpoint was created may point to an internal address now.
 */
export function createWebhookAgent(isAllowed: AddressRule, proxy: ProxyAddress | null): Agent {
  const direct = guardedConnector(isAllowed);
  const connect = proxy === null ? direct : throughProxy(proxy, direct, isAllowed);
  return new Agent({
    connect,
    connections: CONNECTIONS_PER_ORIGIN,
    keepAliveTimeout: KEEP_ALIVE_MS,
    pipelining: 1,
    allowH2: false,
  });
}

function guardedConnector(isAllowed: AddressRule): buildConnector.connector {
  const connect = buildConnector({
    lookup: guardedLookup(isAllowed),
    timeout: CONNECT_TIMEOUT_MS,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    allowH2: false,
  });
  return (options, callback) => {
    const host = bareHost(options);
    // A literal address is never looked up.
    if (isIP(host) !== 0 && !isAllowed(host)) {
      callback(new AddressRefusedError(), null);
      return;
    }
    connect(options, (error, socket) => {
      if (error) callback(error, null);
      // Through a tunnel the remote address is the proxy's.
      else if (!options.httpSocket && !isAllowed(socket.remoteAddress ?? '')) {
        socket.destroy();
        callback(new AddressRefusedError(), null);
      } else callback(null, socket);
    });
  };
}

/** One address that is not allowed refuses the whole name: which of them is used would be a matter of luck. */
function guardedLookup(isAllowed: AddressRule): LookupFunction {
  return (host, options, callback) => {
    dns.lookup(host, { ...options, all: true, order: 'verbatim' }, (error, found) => {
      const [first] = error ? [] : found;
      if (error) callback(error, '', 0);
      else if (!first || found.some(({ address }) => !isAllowed(address))) callback(new AddressRefusedError(), '', 0);
      else if (options.all === true) callback(null, found);
      else callback(null, first.address, first.family);
    });
  };
}

/** The proxy resolves the name again, and may know names that we do not; one that we know to be internal is refused. */
function throughProxy(
  proxy: ProxyAddress,
  direct: buildConnector.connector,
  isAllowed: AddressRule,
): buildConnector.connector {
  const connect = proxyConnector({ ...proxy, exempt: [] }, direct, CONNECT_TIMEOUT_MS);
  return (options, callback) => {
    const host = bareHost(options);
    dns.lookup(host, { all: true }, (error, found) => {
      if (!error && found.some(({ address }) => !isAllowed(address))) callback(new AddressRefusedError(), null);
      else connect(options, callback);
    });
  };
}

function bareHost({ hostname }: buildConnector.Options): string {
  return hostname.replace(/^\[|\]$/g, '');
}
