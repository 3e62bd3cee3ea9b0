import { isFinal } from '../../ledger/model/status-transitions.js';
import { STATUSES, type Status } from '../../ledger/model/transaction.js';

/** What each type of event reports. The compiler asks for a line for every status of a transaction. */
const OF_STATUS: { readonly [status in Status as `transaction.${status}`]: string } = {
  'transaction.scheduled': 'Recorded, and held until its release time.',
  'transaction.pending': 'Recorded, or released from its hold; it will be sent to the provider.',
  'transaction.processing': 'Accepted by the provider; the outcome is to come.',
  'transaction.unknown': 'Sent, but the outcome is unknown. It will not be resent. Do not send it again yourself.',
  'transaction.succeeded': 'Executed by the provider. Final.',
  'transaction.failed': 'Not executed. Final.',
  'transaction.canceled': 'Canceled before it was sent. Final.',
};

export const EVENT_TYPES = {
  ...OF_STATUS,
  'transaction.corrected':
    'The provider executed another amount; a new transaction of the type `correction` has the difference.',
  'transaction.overdue': 'Accepted by the provider a week ago, and still without an outcome.',
} as const;

export type EventType = keyof typeof EVENT_TYPES;

/** Every type, in the order of a transaction's life. */
export const ALL_TYPES = Object.keys(EVENT_TYPES).filter(isEventType);

/** What an endpoint receives that names no types: what a partner must act on. */
export const DEFAULT_TYPES: readonly EventType[] = [
  'transaction.unknown',
  'transaction.succeeded',
  'transaction.failed',
  'transaction.canceled',
  'transaction.corrected',
];

/** The types after which a transaction has no other status. */
export const FINAL_TYPES: readonly EventType[] = STATUSES.filter(isFinal).map(
  (status) => `transaction.${status}` as const,
);

export function isEventType(text: string): text is EventType {
  return Object.hasOwn(EVENT_TYPES, text);
}

/** The SQL expression for the type of an event `e`. */
export const TYPE_SQL = `event_type(e.to_status, e.evidence)`;

/** The predicate of the index of published events. */
export const IS_PUBLISHED = `(e.to_status is not null or e.evidence in ('correction', 'overdue'))`;
