import { REFUSED_BY_EDGE, type ProviderError } from '../../connector/connector.js';
import { alarm } from '../../common/alarm.js';

/** Once for each attempt: something in front of a provider refuses what the provider itself has not seen. */
export function reportEdge(error: ProviderError, about: Readonly<Record<string, string>>): void {
  if (error.reason !== REFUSED_BY_EDGE) return;
  alarm('provider_edge', { ...about, ...error.extras.evidence }, 'rejected by something in front of the provider');
}
