import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { GatewayVariable } from './gateway-variables.js';
import type { EnvironmentReader } from './reader.js';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Checks the file of NODE_EXTRA_CA_CERTS. Node loads it and only warns when it cannot be read; later every call to a
 * provider with that authority would fail.
 */
export function checkExtraAuthorities(read: EnvironmentReader<GatewayVariable>): void {
  const file = read.text('NODE_EXTRA_CA_CERTS');
  if (file === null) return;
  try {
    const certificates = readFileSync(file, 'utf8').match(CERTIFICATE) ?? [];
    for (const certificate of certificates) new X509Certificate(certificate);
    if (certificates.length > 0) return;
    read.fail('NODE_EXTRA_CA_CERTS', `names a file without a PEM certificate (${file})`);
  } catch {
    read.fail('NODE_EXTRA_CA_CERTS', `names a file that is unreadable or has a broken certificate (${file})`);
  }
}
