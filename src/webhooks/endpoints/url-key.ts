/**
 * The same for URLs that reach the same receiver: `URL` writes scheme and host in lower case and leaves a default port
 * out; a dot that ends the host and a slash that ends the path change nothing either.
 */
export function urlKey(text: string): string {
  const { protocol, hostname, port, pathname, search } = new URL(text);
  const path = pathname.replace(/\/+$/, '');
  return `${protocol}//${hostname.replace(/\.$/, '')}:${port}${path}${search}`;
}
