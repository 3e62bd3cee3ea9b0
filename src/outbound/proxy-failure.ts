import { logger } from '../common/log.js';
import { metrics } from '../common/metrics.js';
import { isTlsFailure } from './tls-failure.js';

const OF_PROXY = 'proxy_';

/** A proxy that refuses the gateway, or whose certificate is not valid, needs an operator: nothing is sent until then. */
export function reportProxyFailure(provider: string, reason: string): void {
  if (!reason.startsWith(OF_PROXY)) return;
  const why = reason.slice(OF_PROXY.length);
  if (!/^refused_4[0-9][0-9]$/.test(why) && !isTlsFailure(why)) return;
  metrics.alarms.inc({ kind: 'outbound_proxy' });
  logger.error({ provider, reason }, 'the outbound proxy refuses to connect: nothing was sent');
}
