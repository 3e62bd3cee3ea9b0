import { isTlsFailure } from './tls-failure.js';
import { alarm } from '../common/alarm.js';

const OF_PROXY = 'proxy_';

/**
 * Raises an alarm when the proxy refuses the gateway or has an invalid certificate: nothing is sent until it is
 * repaired.
 */
export function reportProxyFailure(provider: string, reason: string): void {
  if (!reason.startsWith(OF_PROXY)) return;
  const why = reason.slice(OF_PROXY.length);
  if (!/^refused_4[0-9][0-9]$/.test(why) && !isTlsFailure(why)) return;
  alarm('outbound_proxy', { provider, reason }, 'the connection through the outbound proxy failed: nothing was sent');
}
