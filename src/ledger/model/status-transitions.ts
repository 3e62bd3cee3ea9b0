import type { Status } from './transaction.js';

/** Every legal transition of a transaction. The ledger refuses any other and raises an alarm. */
const MOVES: { readonly [from in Status]: readonly Status[] } = {
  scheduled: ['pending', 'canceled'],
  pending: ['processing', 'unknown', 'succeeded', 'failed', 'canceled'],
  processing: ['succeeded', 'failed'],
  unknown: ['succeeded', 'failed'],
  succeeded: [],
  failed: [],
  canceled: [],
};

export function isLegalTransition(from: Status, to: Status): boolean {
  return MOVES[from].includes(to);
}

/** A final status never changes. */
export function isFinal(status: Status): boolean {
  return MOVES[status].length === 0;
}

/** Whether waiting has ended: the status is final, or the outcome is unknown. */
export function endsWait(status: Status): boolean {
  return isFinal(status) || status === 'unknown';
}
