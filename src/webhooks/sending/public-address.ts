import { BlockList, isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { readNetwork } from '../../readers/network.js';

/** All of IPv6 that is assigned for public use (RFC 4291, section 2.4). */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3');
/**
 * In a network without IPv4, the resolver puts the IPv4 address of a host behind this prefix (RFC 6052, section 2.1).
 * Then that address counts.
 */
const NAT64 = ipaddr.parseCIDR('64:ff9b::/96');
const IPV4_BYTES = 4;

/** True for an address to which webhooks may be sent. `address` has no brackets. */
export type AddressRule = (address: string) => boolean;

/** Allows public addresses and those in `networks` (CIDRs). */
export function addressRule(networks: readonly string[]): AddressRule {
  const allowed = new BlockList();
  for (const text of networks) {
    const network = readNetwork(text);
    if (network) allowed.addSubnet(network.address, network.prefix, network.family);
  }
  return (address) => {
    const version = isIP(address);
    if (version === 0) return false;
    return allowed.check(address, version === 6 ? 'ipv6' : 'ipv4') || isPublic(address);
  };
}

/** Private, loopback, link-local, reserved and tunneled addresses are not public. */
function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // An IPv4-mapped IPv6 address becomes the IPv4 address.
  const parsed = withoutNat64(ipaddr.process(address));
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_IPV6);
}

function withoutNat64(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  const isTranslated = address.kind() === 'ipv6' && address.match(NAT64);
  return isTranslated ? ipaddr.fromByteArray(address.toByteArray().slice(-IPV4_BYTES)) : address;
}
