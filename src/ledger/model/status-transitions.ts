import type { Status } from './transaction.js';

/** Every legal transition of a transaction. The ledger refuses any other and raises an alarm. */
const TRANSITIONS: { readonly [from in Status]: readonly Status[] } = {
  scheduled: ['pending', 'canceled'],
  pending: ['processing', 'unknown', 'succeeded', 'failed', 'canceled'],
  processing: ['succeeded', 'failed'],
  unknown: ['succeeded', 'failed'],
  succeeded: [],
  failed: [],
  canceled: [],
};

export function isLegalTransition(from: Status, to: Status): boolean {
  return TRANSITIONS[from].includes(to);
}

/** A final status never changes. */
export function isFinal(status: Status): boolean {
  return TRANSITIONS[status].length === 0;
}

/** True when waiting for the transaction ends: the status is final, or the outcome is unknown. */
export function endsWait(status: Status): boolean {
  return isFinal(status) || status === 'unknown';
}
