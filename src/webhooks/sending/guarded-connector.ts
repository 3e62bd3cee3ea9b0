import dns from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import type { ProxyAddress } from '../../config/config.js';
import { proxyConnector } from '../../outbound/proxy-connector.js';
import type { AddressRule } from './public-address.js';

const CONNECT_TIMEOUT_MS = 5_000;
/**
 * Node gives up an address after this time and tries the next one. Its 250 ms are less than one lost packet costs, and
 * an address that is merely far away would never be reached when the next one is dead.
 */
const ADDRESS_TIMEOUT_MS = 2_000;
/** Also when the receiver offers more: a firewall on the way may have forgotten an older connection. */
const KEEP_ALIVE_MS = 4_000;

/** The host is, or resolves to, an address to which webhooks must not be sent. Nothing was sent. */
export class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError';
  readonly code = 'ADDRESS_REFUSED';

  constructor() {
    super('the address is not public');
  }
}

/** Whether a connection is used again for a later request. */
export type Reuse = 'reused' | 'single';

/**
 * The connections to partners' receivers, apart from those to providers. Every address is checked at each connection: a
 * name that was public when the endpoint was created may point to an internal address now. An origin has no limit of
 * its own: several endpoints may share it, and one that hangs must not hold the others back. Each has its own window.
 */
export function createWebhookAgent(isAllowed: AddressRule, proxy: ProxyAddress | null, reuse: Reuse = 'reused'): Agent {
  const direct = guardedConnector(isAllowed);
  const connect = proxy === null ? direct : throughProxy(proxy, direct, isAllowed);
  return new Agent({
    connect,
    connections: null,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    pipelining: reuse === 'reused' ? 1 : 0,
    allowH2: false,
  });
}

function guardedConnector(isAllowed: AddressRule): buildConnector.connector {
  const connect = buildConnector({
    lookup: guardedLookup(isAllowed),
    timeout: CONNECT_TIMEOUT_MS,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT_MS,
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
