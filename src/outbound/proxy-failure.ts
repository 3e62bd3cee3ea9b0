import { isTlsFailure } from './tls-failure.js';
import { alarm } from '../common/alarm.js';

const OF_PROXY = 'proxy_';

/** A proxy that refuses the gateway, or whose certificate is not valid, needs an operator: nothing is sent until then. */
export function reportProxyFailure(provider: string, reason: string): void {
  if (!reason.startsWith(OF_PROXY)) return;
  const why = reason.slice(OF_PROXY.length);
  if (!/^refused_4[0-9][0-9]$/.test(why) && !isTlsFailure(why)) return;
  alarm('outbound_proxy', { provider, reason }, 'the outbound proxy refuses to connect: nothing was sent');
}
