import { isIP } from 'node:net';
import { readWholeNumber } from './integer.js';

const CIDR = /^([0-9a-f:.]+)(?:\/(\d{1,3}))?$/i;

/** A range of addresses: those that begin with the first `prefix` bits of `address`. */
export interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** The bits before the IPv4 address in one that is written as IPv6 (`::ffff:10.0.0.1`). */
const MAPPED_BITS = 96;
/** As URLs write it, which is one way for each address. */
const MAPPED = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/;

/**
 * A network in CIDR notation, or one address; null for any other text. IPv4 that is written as IPv6 is the IPv4 network;
 * null when its prefix is below 96, since such a network has no IPv4 form.
 */
export function readNetwork(text: string): Network | null {
  const network = readWritten(text);
  if (network === null) return null;
  const address = mappedIpv4(network);
  if (address === null) return network;
  const prefix = network.prefix - MAPPED_BITS;
  return prefix < 0 ? null : { address, prefix, family: 'ipv4' };
}

/** True for IPv4 written as IPv6 with a prefix below 96: it looks like an IPv4 network, but is none. */
export function isTooWideForIpv4(text: string): boolean {
  const network = readWritten(text);
  return network !== null && network.prefix < MAPPED_BITS && mappedIpv4(network) !== null;
}

/** null for an address that is not IPv4 written as IPv6. */
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
