import { readFileSync } from 'node:fs';
import type { GatewayVariable } from './gateway-variables.js';
import type { EnvironmentReader } from './reader.js';

/** As the driver takes them: all of them that encrypt also verify the server's certificate and name, but the last. */
const MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];
const FILES = ['sslrootcert', 'sslcert', 'sslkey'];
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|)$/;

/** The URL of a PostgreSQL server; what it says of TLS is checked now, and not when the first connection fails. */
export function readDatabaseUrl(read: EnvironmentReader<GatewayVariable>, name: GatewayVariable): string | null {
  const value = read.text(name);
  if (value === null) return null;
  const url = URL.parse(value);
  if (url === null || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    read.fail(name, 'must be a URL such as postgres://user:password@host:5432/database');
    return value;
  }
  const mode = url.searchParams.get('sslmode');
  if (mode !== null && !MODES.includes(mode)) read.fail(name, `must have an sslmode out of ${MODES.join(', ')}`);
  for (const file of FILES) {
    const path = url.searchParams.get(file);
    if (path !== null && !isReadable(path)) read.fail(name, `names a file as ${file} that cannot be read`);
  }
  return value;
}

/** What lets somebody between the gateway and its database read or change what they say. */
export function warnOfPlainDatabase(
  read: EnvironmentReader<GatewayVariable>,
  name: GatewayVariable,
  value: string | null,
): void {
  const url = value === null ? null : URL.parse(value);
  if (!url || LOOPBACK.test(url.hostname)) return;
  const mode = url.searchParams.get('sslmode');
  const isEncrypted = mode === null ? ['true', '1'].includes(url.searchParams.get('ssl') ?? '') : mode !== 'disable';
  const unless = 'unless nobody else is on the network between: add ?sslmode=verify-full.';
  if (!isEncrypted) read.warn(`${name} does not encrypt what the gateway and its database say, ${unless}`);
  else if (mode === 'no-verify') read.warn(`${name} takes any server for the database (no-verify), ${unless}`);
}

function isReadable(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}
