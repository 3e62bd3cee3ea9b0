/**
 * The kinds of reason for a status change that partners are told. `balance` is reserved: an operator decides by the balance of
 * a provider, and then the reason is `operator`.
 */
export const BASES = [
  'request',
  'answer',
  'notification',
  'status_query',
  'statement',
  'balance',
  'operator',
  'schedule',
  'expiry',
] as const;
export type Basis = (typeof BASES)[number];

/** What a timeline can name as the evidence of an event, with the basis that events for partners state. */
const BASIS_OF = {
  request: 'request',
  amendment: 'request',
  'cancel request': 'request',
  'canceled by the app': 'request',
  superseded: 'request',
  answer: 'answer',
  'late answer': 'answer',
  'no answer that can be trusted': 'answer',
  interrupted: 'answer',
  notification: 'notification',
  'status query': 'status_query',
  'statement line': 'statement',
  operator: 'operator',
  correction: 'operator',
  retry: 'operator',
  refresh: 'operator',
  parked: 'schedule',
  'put into a batch': 'schedule',
  'release time reached': 'schedule',
  overdue: 'schedule',
  expired: 'expiry',
  'not sent': 'expiry',
} as const satisfies Record<string, Basis>;

export type Evidence = keyof typeof BASIS_OF;

export function basisOf(evidence: Evidence): Basis {
  return BASIS_OF[evidence];
}
