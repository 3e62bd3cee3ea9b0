import { readFileSync } from 'node:fs';
import type { GatewayVariable } from './gateway-variables.js';
import type { EnvironmentReader } from './reader.js';

/** The modes of the driver. All encrypting modes except the last also verify the server's certificate and name. */
const MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];
const FILES = ['sslrootcert', 'sslcert', 'sslkey'];
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|)$/;

/** Reads the URL of a PostgreSQL server, and checks its TLS parameters before the first connection. */
export function readDatabaseUrl(read: EnvironmentReader<GatewayVariable>, name: GatewayVariable): string | null {
  const value = read.text(name);
  if (value === null) return null;
  const url = URL.parse(value);
  if (url === null || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    read.fail(
      name,
      'must be a URL such as postgres://user:password@host:5432/database, with user and password percent-encoded',
    );
    return value;
  }
  if (isCutShort(url)) {
    read.fail(
      name,
      'has a character in the user, password or database that must be percent-encoded: # is %23, % is %25',
    );
    return value;
  }
  const mode = url.searchParams.get('sslmode');
  if (mode !== null && !MODES.includes(mode)) read.fail(name, `must have one of these sslmodes: ${MODES.join(', ')}`);
  for (const file of FILES) {
    const path = url.searchParams.get(file);
    if (path !== null && !isReadable(path)) read.fail(name, `names an unreadable file as ${file}`);
  }
  return value;
}

/** Warns of a database connection over a network that an attacker could read or change. */
export function warnOfPlainDatabase(
  read: EnvironmentReader<GatewayVariable>,
  name: GatewayVariable,
  value: string | null,
): void {
  const url = value === null ? null : URL.parse(value);
  if (!url || LOOPBACK.test(url.hostname)) return;
  const mode = url.searchParams.get('sslmode');
  const isEncrypted = mode === null ? ['true', '1'].includes(url.searchParams.get('ssl') ?? '') : mode !== 'disable';
  const remedy = 'Add ?sslmode=verify-full, unless the network is private.';
  if (!isEncrypted) read.warn(`${name} does not encrypt the connection to the database. ${remedy}`);
  else if (mode === 'no-verify') read.warn(`${name} does not verify the database server (no-verify). ${remedy}`);
}

/**
 * True when the parts are not those that were meant. An unencoded #, / or ? in a password ends the host, so that the
 * user is taken for the host, and the driver cannot decode a plain %.
 */
function isCutShort({ username, password, pathname, search, searchParams, hash }: URL): boolean {
  const hasUser = username !== '' || password !== '' || searchParams.has('user');
  if (hash !== '' || (!hasUser && `${pathname}${search}`.includes('@'))) return true;
  return [username, password, pathname].some((part) => !isDecodable(part));
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function isReadable(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}
