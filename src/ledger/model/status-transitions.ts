import type { Status } from './transaction.js';

/** Every legal move of a transaction. What is not here is refused by the ledger and raises an alarm. */
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

/** A final state is never left. */
export function isFinal(status: Status): boolean {
  return MOVES[status].length === 0;
}

/** Whether a caller who waits has something to learn: the end, or that nobody can know the end. */
export function endsWait(status: Status): boolean {
  return isFinal(status) || status === 'unknown';
}
