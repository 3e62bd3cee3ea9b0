import type { GatewayVariable } from './gateway-variables.js';
import type { EnvironmentReader } from './reader.js';
import { isNoProxyEntry } from './no-proxy.js';

/** How a forward proxy is reached. */
export interface ProxyAddress {
  /** Scheme, host and port, without user and password. */
  readonly url: string;
  /** Value of `Proxy-Authorization`; null: none is sent. */
  readonly authorization: string | null;
}

/** The forward proxy in front of the providers. */
export interface ProxySettings extends ProxyAddress {
  /** Entries of NO_PROXY: targets that are called directly. */
  readonly exempt: readonly string[];
}

/** null when no proxy is configured, or when its configuration is wrong. */
export function readOutboundProxy(read: EnvironmentReader<GatewayVariable>): ProxySettings | null {
  const proxy = readProxy(read, 'OUTBOUND_PROXY_URL');
  if (proxy === null) return null;
  const exempt = read.eitherCase('NO_PROXY')?.split(/[\s,]+/) ?? [];
  const entries = exempt.filter((entry) => entry !== '');
  for (const entry of entries) {
    if (isNoProxyEntry(entry)) continue;
    read.fail('NO_PROXY', `has an entry that is neither a host, .suffix, address, CIDR nor *: "${entry.slice(0, 60)}"`);
  }
  return { ...proxy, exempt: entries };
}

/** null when the variable is not set, or wrong. */
export function readProxy(read: EnvironmentReader<GatewayVariable>, name: GatewayVariable): ProxyAddress | null {
  const url = readProxyUrl(read, name);
  return url === null ? null : { url: url.origin, authorization: authorizationOf(read, name, url) };
}

function readProxyUrl(read: EnvironmentReader<GatewayVariable>, name: GatewayVariable): URL | null {
  const value = read.text(name);
  if (value === null) return null;
  const url = URL.parse(value);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    read.fail(name, 'must be an http or https URL such as http://user:password@proxy.example:3128');
    return null;
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    read.fail(name, 'must have no path, query or fragment: a proxy is a host and a port');
    return null;
  }
  return url;
}

/** User and password of the URL, percent-decoded, as an HTTP Basic header value. */
function authorizationOf(read: EnvironmentReader<GatewayVariable>, name: GatewayVariable, url: URL): string | null {
  if (url.username === '' && url.password === '') return null;
  try {
    const username = decodeURIComponent(url.username);
    if (username.includes(':')) read.fail(name, 'must not have a colon in the user: HTTP Basic does not allow it');
    const pair = `${username}:${decodeURIComponent(url.password)}`;
    return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
  } catch {
    read.fail(name, 'has a user or password that is not percent-encoded correctly: a plain % is written %25');
    return null;
  }
}
