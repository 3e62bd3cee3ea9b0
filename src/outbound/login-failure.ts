import { alarm } from '../common/alarm.js';
import type { AlarmKind } from '../common/alarm-kinds.js';
import { ProviderError, REFUSED_BY_EDGE } from '../connector/connector.js';

/** The failure reason of a login whose token cannot be sent in a header. */
export const TOKEN_UNREADABLE = 'token_unreadable';

/** The alarms for login failures that waiting alone is unlikely to end. */
const ALARMS: ReadonlyMap<string, AlarmKind> = new Map<string, AlarmKind>([
  [TOKEN_UNREADABLE, TOKEN_UNREADABLE],
  [REFUSED_BY_EDGE, 'provider_edge'],
]);

/** Raises an alarm for a failed login that needs an operator. It contains neither the token nor parts of the answer. */
export function reportLoginFailure(provider: string, error: unknown): void {
  const kind = error instanceof ProviderError ? ALARMS.get(error.reason) : undefined;
  if (!(error instanceof ProviderError) || kind === undefined) return;
  alarm(kind, { provider, reason: error.reason, ...error.extras.evidence }, 'a login failed');
}
