/** No connection to the provider came about: not a byte of the request left. */
export class NotConnectedError extends Error {
  override readonly name = 'NotConnectedError';

  /**
   * @param reason the system's or TLS's code in lower case, e.g. `econnrefused`, `cert_has_expired`; `proxy_…` when the
   *   proxy is to blame
   */
  constructor(
    readonly reason: string,
    cause?: unknown,
  ) {
    super('no connection', { cause });
  }
}

/** The code of an error of the connection phase, in lower case; read by shape, as in `ProviderHttp`. */
export function connectReason(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : null;
  return typeof code === 'string' && code !== '' ? code.toLowerCase() : 'connect_failed';
}
