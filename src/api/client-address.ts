import { BlockList, isIP } from 'node:net';
import { readNetwork } from '../readers/network.js';

/** Longer chains than any real one; what stands further left is not looked at. */
const MAX_HOPS = 64;
const MAPPED_IPV4 = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;
/** `[2001:db8::1]:443`, `[2001:db8::1]`, `192.0.2.1:443`: some proxies add the port. */
const WITH_PORT = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+))(?::\d{1,5})?$/i;

/** The proxies whose `X-Forwarded-For` is believed. */
export class TrustedProxies {
  private readonly list = new BlockList();
  private readonly isEmpty: boolean;

  /** Addresses and CIDRs, each of them readable by `readNetwork`. */
  constructor(cidrs: readonly string[]) {
    this.isEmpty = cidrs.length === 0;
    for (const text of cidrs) {
      const network = readNetwork(text);
      if (network) this.list.addSubnet(network.address, network.prefix, network.family);
    }
  }

  /**
   * The client's address: the right-most entry of `X-Forwarded-For` that is not one of our proxies. Only entries that a
   * trusted proxy has added are read, so a client cannot choose its address. An entry that is no address ends the search
   * at the proxy that added it.
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

/** Without the zone of a local address; an IPv4 address that arrived in an IPv6 socket is the IPv4 address. */
function plainAddress(address: string): string {
  if (!address.includes(':')) return address;
  const plain = (address.split('%')[0] ?? address).toLowerCase();
  return MAPPED_IPV4.exec(plain)?.[1] ?? plain;
}
