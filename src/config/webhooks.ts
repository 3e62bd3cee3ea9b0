import { readNetwork } from '../readers/network.js';
import { readWholeNumber } from '../readers/integer.js';
import type { GatewayVariable } from './gateway-variables.js';
import { readProxy, type ProxyAddress } from './outbound-proxy.js';
import type { EnvironmentReader } from './reader.js';

const MAX_PORT = 65_535;
const DEFAULT_PORTS = [443, 8443];

/** Where webhooks may be sent. */
export interface WebhookSettings {
  readonly ports: readonly number[];
  /** CIDRs that are allowed although they are not public. */
  readonly allowedNetworks: readonly string[];
  /** The proxy for webhooks; null: they are sent directly. */
  readonly proxy: ProxyAddress | null;
}

export function readWebhooks(read: EnvironmentReader<GatewayVariable>): WebhookSettings {
  return { ports: readPorts(read), allowedNetworks: readNetworks(read), proxy: readProxy(read, 'WEBHOOK_PROXY_URL') };
}

function readPorts(read: EnvironmentReader<GatewayVariable>): readonly number[] {
  const texts = listOf(read, 'WEBHOOK_PORTS');
  const ports = texts.map((text) => readWholeNumber(text, MAX_PORT) ?? 0);
  const wrong = texts.find((_text, index) => ports[index] === 0);
  if (wrong !== undefined) {
    read.fail('WEBHOOK_PORTS', `must be ports separated by commas, e.g. 443,8443, not "${wrong.slice(0, 60)}"`);
  }
  return ports.length === 0 ? DEFAULT_PORTS : ports;
}

function readNetworks(read: EnvironmentReader<GatewayVariable>): readonly string[] {
  const texts = listOf(read, 'WEBHOOK_ALLOWED_NETWORKS');
  for (const text of texts) {
    const network = readNetwork(text);
    if (network === null) {
      const rule = 'must be addresses or CIDRs separated by commas, e.g. 10.20.0.0/16';
      read.fail('WEBHOOK_ALLOWED_NETWORKS', `${rule}, not "${text.slice(0, 60)}"`);
    } else if (network.prefix === 0) {
      read.fail('WEBHOOK_ALLOWED_NETWORKS', `must not contain ${text}: it allows every address, also internal ones`);
    }
  }
  return texts;
}

function listOf(read: EnvironmentReader<GatewayVariable>, name: GatewayVariable): string[] {
  return (read.text(name) ?? '').split(/[\s,]+/).filter((text) => text !== '');
}
