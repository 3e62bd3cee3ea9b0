import { alarm } from '../common/alarm.js';

/** Codes of Node and OpenSSL, in lower case, for a bad certificate, server name or TLS handshake. */
const TLS_FAILURE =
  /^(cert_|crl_|err_(tls|ssl|ossl)_|depth_zero_self_signed|self_signed|unable_to_(get_issuer|verify|decode)|invalid_(ca|purpose)|hostname_mismatch|path_length_exceeded|eproto$)/;

export function isTlsFailure(reason: string): boolean {
  return TLS_FAILURE.test(reason);
}

/** Raises an alarm for a TLS failure: it may be an attack, and nothing is sent while it lasts (ASVS V16.3.4). */
export function reportTlsFailure(provider: string, reason: string): void {
  if (!isTlsFailure(reason)) return;
  alarm('provider_tls', { provider, reason }, 'TLS with the provider failed: nothing was sent');
}
