import { errorCode } from '../readers/error-code.js';

/** No connection to the provider was established, so no byte of the request was sent. */
export class NotConnectedError extends Error {
  override readonly name = 'NotConnectedError';

  /**
   * @param reason the code of the system or of TLS in lower case, e.g. `econnrefused`, `cert_has_expired`; `proxy_` is
   *   prepended when the proxy failed
   */
  constructor(
    readonly reason: string,
    cause?: unknown,
  ) {
    super('no connection', { cause });
  }
}

/** The code of an error of the connection phase, in lower case. */
export function connectReason(error: unknown): string {
  return (errorCode(error) || 'connect_failed').toLowerCase();
}
