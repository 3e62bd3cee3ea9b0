import type { EnvironmentReader } from './reader.js';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Reads the base URL of a provider: https, or http on a loopback address. Trailing slashes are removed.
 * @returns null when it is unset or wrong; errors are reported to `read`
 */
export function readBaseUrl<Name extends string>(read: EnvironmentReader<Name>, name: Name): string | null {
  const value = read.text(name);
  if (value === null) return null;
  const url = URL.parse(value);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    read.fail(name, 'must be an absolute https URL');
    return null;
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    read.fail(name, 'must be a plain URL without user, password, query or fragment');
    return null;
  }
  if (url.protocol === 'http:') {
    if (!LOOPBACK.has(url.hostname) && !/^127\.\d+\.\d+\.\d+$/.test(url.hostname)) {
      read.fail(name, 'must be https: plain http is accepted only for loopback addresses');
      return null;
    }
    if (read.isProduction) read.warn(`${name} uses plain http to this machine in production.`);
  }
  return url.href.replace(/\/+$/, '');
}

/**
 * Reads credentials that are required when the base URL is set. Without a base URL they have no effect, and each one that
 * is set causes a warning.
 */
export function credentialReader<Name extends string>(
  read: EnvironmentReader<Name>,
  urlName: NoInfer<Name>,
  baseUrl: string | null,
): (name: Name) => string {
  const isWanted = baseUrl !== null || read.text(urlName) !== null;
  return (name) => {
    if (isWanted) return read.required(name, `${urlName} is set, so the provider's credentials are required`);
    if (read.text(name) !== null)
      read.warn(`${name} is ignored and the sandbox is used, because ${urlName} is not set.`);
    return '';
  };
}
