import { isIP } from 'node:net';
import { readWholeNumber } from '../../readers/integer.js';
import type { AddressRule } from './public-address.js';

const MAX_LENGTH = 2_048;
const HTTPS_PORT = 443;
const MAX_PORT = 65_535;
/** Loopback hosts as `URL` writes them, for receivers on a developer's machine. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

export interface UrlRules {
  readonly ports: readonly number[];
  readonly isAllowed: AddressRule;
  /** http and any port, for loopback hosts: never in production. */
  readonly allowsLoopback: boolean;
}

/**
 * The fault of an endpoint's URL; null: none. It is checked when an endpoint is created and again before each connection.
 * The addresses behind a name are checked when it is resolved.
 */
export function faultOfUrl(text: string, { ports, isAllowed, allowsLoopback }: UrlRules): string | null {
  // `URL` would drop blanks, tabs and line breaks, and read a backslash as a slash.
  const url = text.length > MAX_LENGTH || /[\s\\\p{Cc}]/u.test(text) ? null : URL.parse(text);
  // What is not ASCII is longer as it is sent, and would be too long for the index of URLs.
  if (url === null || url.href.length > MAX_LENGTH) return `must be an https URL of at most ${MAX_LENGTH} characters`;
  if (url.username !== '' || url.password !== '') return 'must not contain a user or password';
  if (url.hash !== '') return 'must not contain a fragment (#)';
  if (allowsLoopback && LOOPBACK.test(url.hostname) && /^https?:$/.test(url.protocol)) return null;
  if (url.protocol !== 'https:') return 'must begin with https://';
  const port = url.port === '' ? HTTPS_PORT : (readWholeNumber(url.port, MAX_PORT) ?? 0);
  if (!ports.includes(port)) return `must use one of the ports ${ports.join(', ')}`;
  const address = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) !== 0 && !isAllowed(address)) return 'must not be a private or reserved address';
  return /^(?:localhost|.*\.(?:localhost|local|internal))\.?$/.test(url.hostname) ? 'must be a public host' : null;
}
