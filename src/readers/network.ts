import { isIP } from 'node:net';
import { readWholeNumber } from './integer.js';

const CIDR = /^([0-9a-f:.]+)(?:\/(\d{1,3}))?$/i;

/** A range of addresses: those that begin with the first `prefix` bits of `address`. */
export interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** A network in CIDR notation, or one address; null for any other text. */
export function readNetwork(text: string): Network | null {
  const [, address = '', length] = CIDR.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return null;
  const bits = version === 6 ? 128 : 32;
  const prefix = length === undefined ? bits : readWholeNumber(length, bits);
  return prefix === null ? null : { address, prefix, family: version === 6 ? 'ipv6' : 'ipv4' };
}
