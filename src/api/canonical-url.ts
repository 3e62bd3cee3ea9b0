/**
 * Where providers notify us, in any spelling that may have been configured there: a notification that is answered 404 is
 * lost after the sender's last try. Proxies may write the whole URL (RFC 9112, 3.2.2). Other paths are exact.
 */
const NOTIFICATIONS = /^(?:https?:\/\/[^/?#]*)?\/+v1\/+providers\/+([a-z-]+)\/+notifications\/*(?=$|\?)/i;

/** How it should be written. */
const CANONICAL = /^\/v1\/providers\/[a-z-]+\/notifications(?=$|\?)/;

/** The URL with its path as the router knows it. */
export function canonicalUrl(url: string): string {
  if (CANONICAL.test(url)) return url;
  return url.replace(
    NOTIFICATIONS,
    (_path, provider: string) => `/v1/providers/${provider.toLowerCase()}/notifications`,
  );
}
