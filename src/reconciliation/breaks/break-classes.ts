/* The classes of breaks: their cause, the proposed resolution, and the next automatic check. */

export const BREAK_CLASSES = [
  'missing_at_provider',
  'missing_in_ledger',
  'amount_mismatch',
  'status_mismatch',
  'duplicate_at_provider',
  'unexplained_balance',
  'late_confirmation',
  'cutoff_timing',
  'status_conflict',
  'reversal_at_provider',
] as const;
export type BreakClass = (typeof BREAK_CLASSES)[number];

/**
 * `explained`: nothing is posted. `succeeded`, `failed`: the outcome of an unknown or parked transaction. `correct`:
 * posts a correction of the amount at risk that is linked to the transaction.
 */
export const RESOLUTIONS = ['explained', 'succeeded', 'failed', 'correct'] as const;
export type ResolutionKind = (typeof RESOLUTIONS)[number];

/** Only the nightly check has a known time; the provider decides when the next statement comes. */
export const NEXT_CHECKS = ['next_statement', 'nightly'] as const;
export type NextCheck = (typeof NEXT_CHECKS)[number];

interface Meaning {
  readonly cause: string;
  readonly proposal: { readonly resolution: ResolutionKind; readonly text: string };
  /** The next automatic check; null: none. */
  readonly nextCheckBy: NextCheck | null;
}

export const MEANINGS: Readonly<Record<BreakClass, Meaning>> = {
  missing_at_provider: {
    cause: 'The transaction succeeded in the ledger. The statement covers its time but has no line for it.',
    proposal: {
      resolution: 'explained',
      text: 'Ask the provider about the transaction id. If the provider confirms that nothing was executed, correct the transaction. A later statement line closes this break.',
    },
    nextCheckBy: 'next_statement',
  },
  missing_in_ledger: {
    cause: 'The statement has a line that matches no transaction of the gateway.',
    proposal: {
      resolution: 'explained',
      text: 'Find out which other system uses this provider account. Nothing is posted without a transaction.',
    },
    nextCheckBy: null,
  },
  amount_mismatch: {
    cause: 'The amount or currency in the statement differs from that of the transaction.',
    proposal: {
      resolution: 'correct',
      text: 'If the provider confirms its amount, correct the transaction by the difference.',
    },
    nextCheckBy: null,
  },
  status_mismatch: {
    cause:
      'The statement has a result for a transaction that the provider has not accepted yet according to the ledger.',
    proposal: {
      resolution: 'explained',
      text: 'Wait until the transaction is final. If it is parked, resolve it with the result of the line.',
    },
    nextCheckBy: 'nightly',
  },
  duplicate_at_provider: {
    cause: 'The statement has more than one executed line for one transaction.',
    proposal: { resolution: 'correct', text: 'Reclaim the second execution from the provider, or post a correction.' },
    nextCheckBy: null,
  },
  unexplained_balance: {
    cause: 'The balance at the provider changed by more or less than the purchases in the ledger explain.',
    proposal: {
      resolution: 'explained',
      text: 'Look for fees, for unknown purchases, and for other systems that spend from the balance. The amount is an estimate at the observed rate.',
    },
    nextCheckBy: null,
  },
  late_confirmation: {
    cause: 'The statement has the result of a transaction that was not final.',
    proposal: {
      resolution: 'explained',
      text: 'The transaction is settled automatically with the result of the line.',
    },
    nextCheckBy: 'nightly',
  },
  cutoff_timing: {
    cause: 'The transaction became final after the last line of the statement. The next statement should contain it.',
    proposal: { resolution: 'explained', text: 'Wait for the next statement.' },
    nextCheckBy: 'next_statement',
  },
  status_conflict: {
    cause: 'The provider reports the opposite of a final status in the ledger, or its own lines contradict each other.',
    proposal: {
      resolution: 'correct',
      text: 'Ask the provider. If it is right, post a correction, or resolve the unknown transaction. Nothing is settled automatically.',
    },
    nextCheckBy: null,
  },
  reversal_at_provider: {
    cause: 'A statement line reverses an execution: it is a reversal, a refund, or has a negative amount.',
    proposal: {
      resolution: 'correct',
      text: 'Ask the provider for the reason. If the reversal is valid, correct the transaction by the reversed amount. Nothing is reversed automatically.',
    },
    nextCheckBy: null,
  },
};

/** True when the resolution moves money or points; a second operator may have to approve it then. */
export function movesMoney(resolution: ResolutionKind): boolean {
  return resolution !== 'explained';
}
