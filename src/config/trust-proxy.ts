import { isTooWideForIpv4, readNetwork } from '../readers/network.js';
import type { GatewayVariable } from './gateway-variables.js';
import type { EnvironmentReader } from './reader.js';

/** Reads the proxies in front of the gateway: addresses and CIDRs separated by commas or blanks. */
export function readTrustedProxies(read: EnvironmentReader<GatewayVariable>): string[] {
  const texts = (read.text('TRUST_PROXY') ?? '').split(/[\s,]+/).filter((text) => text !== '');
  for (const text of texts) {
    const network = readNetwork(text);
    if (network === null) {
      const shown = text.slice(0, 60);
      const rule = isTooWideForIpv4(text)
        ? 'must have a prefix of 96 to 128 if IPv4 is written as IPv6 (better write IPv4, e.g. 10.0.0.0/8)'
        : 'must be addresses or CIDRs separated by commas, e.g. 10.0.0.0/8';
      read.fail('TRUST_PROXY', `${rule}, not "${shown}"`);
    } else if (network.prefix === 0) {
      read.warn(`TRUST_PROXY contains ${text}, which trusts every client: each can forge its address.`);
    }
  }
  return texts;
}
