import { REFUSED_BY_EDGE, type ProviderError } from '../../connector/connector.js';
import { alarm } from '../../common/alarm.js';

/** Raises an alarm for a call that a proxy or firewall in front of the provider rejected, once for each attempt. */
export function reportEdge(error: ProviderError, about: Readonly<Record<string, string>>): void {
  if (error.reason !== REFUSED_BY_EDGE) return;
  alarm(
    'provider_edge',
    { ...about, ...error.extras.evidence },
    'rejected by a proxy or firewall in front of the provider',
  );
}
