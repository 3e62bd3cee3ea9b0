import { BlockList, isIP } from 'node:net';
import { readWholeNumber } from '../readers/integer.js';
import { readNetwork } from '../readers/network.js';

const MAX_PORT = 65_535;
/** Host or address with an optional port; an IPv6 address with a port is in brackets. */
const WITH_PORT = /^(?:\[([^\]]+)\]|([^:]+))(?::([0-9]{1,5}))?$/;
/** Its last label is no number: `10.0.` is no name but half an address. */
const NAME = /^(?:\*?\.)?(?:[a-z0-9_-]+\.)*(?![0-9]+\.?$)[a-z0-9_-]+\.?$/;

/** Whether a target is called directly; `host` without brackets. */
export type Exemption = (host: string, port: number) => boolean;

/** True for an entry of NO_PROXY that can be understood. */
export function isNoProxyEntry(entry: string): boolean {
  return exemptionOf(entry) !== null;
}

/**
 * What NO_PROXY means, as curl and Go read it: `*`, an address, a CIDR, a host with all hosts below it, or `.suffix` and
 * `*.suffix` for only those below it; each but the CIDR with an optional port. Names are compared as they are written:
 * nothing is resolved. Loopback targets are always exempt.
 */
export function exemptions(entries: readonly string[]): Exemption {
  const all = [...['127.0.0.0/8', '::1', 'localhost'], ...entries].flatMap((entry) => exemptionOf(entry) ?? []);
  return (host, port) => all.some((matches) => matches(host, port));
}

/** null when the entry cannot be understood. */
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

/** An address, or a CIDR. */
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
