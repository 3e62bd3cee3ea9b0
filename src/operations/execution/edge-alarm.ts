import { REFUSED_BY_EDGE, type ProviderError } from '../../connector/connector.js';
import { alarm } from '../../common/alarm.js';

/** Reports a call that something in front of the provider rejected, once for each attempt. */
export function reportEdge(error: ProviderError, about: Readonly<Record<string, string>>): void {
  if (error.reason !== REFUSED_BY_EDGE) return;
  alarm('provider_edge', { ...about, ...error.extras.evidence }, 'rejected by something in front of the provider');
}
