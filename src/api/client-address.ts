import { BlockList, isIP } from 'node:net';
import { readNetwork } from '../readers/network.js';

/** Longer than any real chain of proxies; entries further left are ignored. */
const MAX_HOPS = 64;
const MAPPED_IPV4 = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;
/** `[2001:db8::1]:443`, `[2001:db8::1]`, `192.0.2.1:443`: some proxies add the port. */
const WITH_PORT = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+))(?::\d{1,5})?$/i;

/** The proxies whose `X-Forwarded-For` is trusted. */
export class TrustedProxies {
  private readonly list = new BlockList();
  private readonly isEmpty: boolean;

  /** `cidrs`: addresses and CIDRs that `readNetwork` can read. */
  constructor(cidrs: readonly string[]) {
    this.isEmpty = cidrs.length === 0;
    for (const text of cidrs) {
      const network = readNetwork(text);
      if (network) this.list.addSubnet(network.address, network.prefix, network.family);
    }
  }

  /**
   * The client's address: the rightmost entry of `X-Forwarded-For` that is not a trusted proxy. Only entries that a
   * trusted proxy added are read, so a client cannot forge its address. If an entry is not an address, the result is
   * the address of the proxy that added it.
   */
  clientOf(peer: string, forwarded: string | undefined): string {
    let address = plainAddress(peer);
    if (this.isEmpty || forwarded === undefined || !this.has(address)) return address;
    const hops = forwarded.split(',').reverse().slice(0, MAX_HOPS);
    for (const hop of hops) {
      const next = readHop(hop.trim());
      if (next === null) return address;
      address = next;
      if (!this.has(address)) return address;
    }
    return address;
  }

  private has(address: string): boolean {
    const version = isIP(address);
    return version !== 0 && this.list.check(address, version === 6 ? 'ipv6' : 'ipv4');
  }
}

function readHop(text: string): string | null {
  const [, v6, v4] = WITH_PORT.exec(text) ?? [];
  const address = v6 ?? v4 ?? text;
  return isIP(address) === 0 ? null : plainAddress(address);
}

/** The address without the zone of a link-local address; an IPv4-mapped IPv6 address becomes the IPv4 address. */
function plainAddress(address: string): string {
  if (!address.includes(':')) return address;
  const plain = (address.split('%')[0] ?? address).toLowerCase();
  return MAPPED_IPV4.exec(plain)?.[1] ?? plain;
}
