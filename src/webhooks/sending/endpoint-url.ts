import { isIP } from 'node:net';
import { readWholeNumber } from '../../readers/integer.js';
import type { AddressRule } from './public-address.js';

const MAX_LENGTH = 2_048;
const HTTPS_PORT = 443;
const MAX_PORT = 65_535;
/** Loopback hosts as `URL` writes them, for receivers on a developer's machine. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
/** What `URL` drops or rewrites: blanks, line breaks and characters that are not shown; a backslash becomes a slash. */
const REWRITTEN = /[\s\\\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/u;
/** `URL` would also read `https:example.com` and `https:///example.com`. */
const WITH_HOST = /^[a-z]+:\/\/[^/?#]/i;
const MAX_NAME = 253;
/** A part of a name between dots, as `URL` writes it. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** Names that are not public wherever they are resolved. */
const LOCAL_NAME = /(?:^|\.)(?:localhost|local|internal)$/;

export interface UrlRules {
  readonly ports: readonly number[];
  readonly isAllowed: AddressRule;
  /** http and any port, for loopback hosts: never in production. */
  readonly allowsLoopback: boolean;
  /** Names without a dot, as private networks have them. */
  readonly allowsShortNames: boolean;
}

/**
 * The fault of an endpoint's URL; null: none. It is checked when an endpoint is created, and before each connection.
 * The addresses behind a name are checked when it is resolved. A URL that would not be used as it is shown is refused,
 * except that a host of other letters is sent in its ASCII form (`xn--…`).
 */
export function faultOfUrl(text: string, rules: UrlRules): string | null {
  const url = text.length > MAX_LENGTH ? null : URL.parse(text);
  // What is not ASCII is longer as it is sent, and would be too long for the index of URLs.
  if (url === null || url.href.length > MAX_LENGTH) return `must be an https URL of at most ${MAX_LENGTH} characters`;
  if (REWRITTEN.test(text)) return 'must not contain blanks, backslashes or invisible characters';
  if (url.username !== '' || url.password !== '') return 'must not contain a user or password';
  if (url.hash !== '') return 'must not contain a fragment (#)';
  const isLoopback = rules.allowsLoopback && LOOPBACK.test(url.hostname) && /^https?:$/.test(url.protocol);
  if (!isLoopback && url.protocol !== 'https:') return 'must begin with https://';
  if (!WITH_HOST.test(text)) return 'must have // and a host after the scheme';
  return isLoopback ? null : (faultOfPort(url, rules) ?? faultOfHost(url, rules));
}

function faultOfPort(url: URL, { ports }: UrlRules): string | null {
  const port = url.port === '' ? HTTPS_PORT : (readWholeNumber(url.port, MAX_PORT) ?? 0);
  return ports.includes(port) ? null : `must use one of the ports ${ports.join(', ')}`;
}

function faultOfHost({ hostname }: URL, { isAllowed, allowsShortNames }: UrlRules): string | null {
  const address = hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) !== 0) return isAllowed(address) ? null : 'must not be a private or reserved address';
  const name = hostname.replace(/\.$/, '');
  if (name.length > MAX_NAME || !name.split('.').every((label) => LABEL.test(label))) {
    return `must have a host name of at most ${MAX_NAME} letters, digits, hyphens and dots, at most 63 between dots`;
  }
  if (LOCAL_NAME.test(name)) return 'must be a public host';
  return name.includes('.') || allowsShortNames ? null : 'must be a public host, with a dot in its name';
}
