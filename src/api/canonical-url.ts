/**
 * Where providers notify us, in any spelling that may have been configured there: a notification that is answered 404 is
 * lost after the sender's last try. Other paths are exact.
 */
const NOTIFICATIONS = /^\/+v1\/+providers\/+([a-z-]+)\/+notifications\/*(?=$|\?)/i;

/** The URL with its path as the router knows it. */
export function canonicalUrl(url: string): string {
  return url.replace(
    NOTIFICATIONS,
    (_path, provider: string) => `/v1/providers/${provider.toLowerCase()}/notifications`,
  );
}
