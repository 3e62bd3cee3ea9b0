import { logger } from '../../common/log.js';
import { metrics } from '../../common/metrics.js';
import { REFUSED_BY_EDGE, type ProviderError } from '../../connector/connector.js';

/** Once for each attempt: something in front of a provider refuses what the provider itself has not seen. */
export function reportEdge(error: ProviderError, about: Readonly<Record<string, string>>): void {
  if (error.reason !== REFUSED_BY_EDGE) return;
  metrics.alarms.inc({ kind: 'provider_edge' });
  logger.error({ ...about, ...error.extras.evidence }, 'alarm: refused by something in front of the provider');
}
