import { BlockList, isIP } from 'node:net';
import { readWholeNumber } from '../readers/integer.js';
import { readNetwork } from '../readers/network.js';

const MAX_PORT = 65_535;
/** Host or address with an optional port; an IPv6 address with a port is in brackets. */
const WITH_PORT = /^(?:\[([^\]]+)\]|([^:]+))(?::([0-9]{1,5}))?$/;
/** The last label must not be a number: `10.0.` is not a name but half an address. */
const NAME = /^(?:\*?\.)?(?:[a-z0-9_-]+\.)*(?![0-9]+\.?$)[a-z0-9_-]+\.?$/;

/** Returns true when a target is called directly. `host` has no brackets. */
export type Exemption = (host: string, port: number) => boolean;

/** True for a valid entry of NO_PROXY. */
export function isNoProxyEntry(entry: string): boolean {
  return exemptionOf(entry) !== null;
}

/**
 * Interprets NO_PROXY like curl and Go: `*`, an address, a CIDR, a host with all its subdomains, or `.suffix` and
 * `*.suffix` for subdomains only. All but a CIDR may have a port. Names are compared without resolving them. Loopback
 * targets are always exempt.
 */
export function exemptionFor(entries: readonly string[]): Exemption {
  const all = [...['127.0.0.0/8', '::1', 'localhost'], ...entries].flatMap((entry) => exemptionOf(entry) ?? []);
  return (host, port) => all.some((matches) => matches(host, port));
}

/** null: the entry is not valid. */
function exemptionOf(entry: string): Exemption | null {
  if (entry === '*') return () => true;
  if (entry.includes('/') || isIP(entry) !== 0) return networkOf(entry, null);
  const [, bracketed, plain, digits] = WITH_PORT.exec(entry.toLowerCase()) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? null : readWholeNumber(digits, MAX_PORT);
  if (host === undefined || port === 0 || (digits !== undefined && port === null)) return null;
  if (isIP(host) !== 0) return networkOf(host, port);
  return bracketed === undefined && NAME.test(host) ? nameOf(host, port) : null;
}

function nameOf(pattern: string, only: number | null): Exemption {
  const suffix = `.${pattern.replace(/^\*?\./, '').replace(/\.$/, '')}`;
  const isSuffixOnly = /^\*?\./.test(pattern);
  return (target, port) => {
    if (only !== null && only !== port) return false;
    const host = target.toLowerCase().replace(/\.$/, '');
    return host.endsWith(suffix) || (!isSuffixOnly && host === suffix.slice(1));
  };
}

/** For an address or a CIDR. */
function networkOf(text: string, only: number | null): Exemption | null {
  const network = readNetwork(text);
  if (network === null) return null;
  const list = new BlockList();
  list.addSubnet(network.address, network.prefix, network.family);
  return (host, port) => (only === null || only === port) && contains(list, host);
}

function contains(list: BlockList, host: string): boolean {
  const version = isIP(host);
  return version !== 0 && list.check(host, version === 6 ? 'ipv6' : 'ipv4');
}
