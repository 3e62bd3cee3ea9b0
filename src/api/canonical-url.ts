/**
 * The notification URL in any spelling that a provider may have configured: a notification that gets a 404 is lost
 * after the sender's last retry. Proxies may send the absolute URL (RFC 9112, 3.2.2). Other paths must match exactly.
 */
const NOTIFICATIONS = /^(?:https?:\/\/[^/?#]*)?\/+v1\/+providers\/+([a-z-]+)\/+notifications\/*(?=$|\?)/i;

/** The correct spelling. */
const CANONICAL = /^\/v1\/providers\/[a-z-]+\/notifications(?=$|\?)/;

/** The URL with its path in the router's spelling. */
export function canonicalUrl(url: string): string {
  if (CANONICAL.test(url)) return url;
  return url.replace(
    NOTIFICATIONS,
    (_path, provider: string) => `/v1/providers/${provider.toLowerCase()}/notifications`,
  );
}
