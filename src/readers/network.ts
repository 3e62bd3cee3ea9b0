import { isIP } from 'node:net';
import { readWholeNumber } from './integer.js';

const CIDR = /^([0-9a-f:.]+)(?:\/(\d{1,3}))?$/i;

/** A range of addresses: all that share the first `prefix` bits of `address`. */
export interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** The number of bits before the IPv4 address in an IPv4-mapped IPv6 address (`::ffff:10.0.0.1`). */
const MAPPED_BITS = 96;
/** An IPv4-mapped address in the notation of URLs, which is unique for each address. */
const MAPPED = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/;

/**
 * A network in CIDR notation, or a single address; null for any other text. An IPv4-mapped IPv6 network becomes the
 * IPv4 network; the result is null when its prefix is below 96, because such a network has no IPv4 form.
 */
export function readNetwork(text: string): Network | null {
  const network = readWritten(text);
  if (network === null) return null;
  const address = mappedIpv4(network);
  if (address === null) return network;
  const prefix = network.prefix - MAPPED_BITS;
  return prefix < 0 ? null : { address, prefix, family: 'ipv4' };
}

/** True for an IPv4-mapped network with a prefix below 96: it looks like an IPv4 network, but is not one. */
export function isTooWideForIpv4(text: string): boolean {
  const network = readWritten(text);
  return network !== null && network.prefix < MAPPED_BITS && mappedIpv4(network) !== null;
}

/** The IPv4 address in an IPv4-mapped IPv6 address; null for any other address. */
function mappedIpv4({ address, family }: Network): string | null {
  if (family === 'ipv4') return null;
  const [, high, low] = MAPPED.exec(new URL(`http://[${address}]`).hostname) ?? [];
  if (high === undefined || low === undefined) return null;
  return [high, low].flatMap((part) => [...Buffer.from(part.padStart(4, '0'), 'hex')]).join('.');
}

function readWritten(text: string): Network | null {
  const [, address = '', length] = CIDR.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return null;
  const bits = version === 6 ? 128 : 32;
  const prefix = length === undefined ? bits : readWholeNumber(length, bits);
  return prefix === null ? null : { address, prefix, family: version === 6 ? 'ipv6' : 'ipv4' };
}
