/* What each class of break means, and what may be done about it. */

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
 * `explained`: nothing moves. `succeeded` and `failed`: how an unknown or parked transaction ended. `correct`: a
 * correction is posted that links to the transaction, by the amount at risk.
 */
export const RESOLUTIONS = ['explained', 'succeeded', 'failed', 'correct'] as const;
export type ResolutionKind = (typeof RESOLUTIONS)[number];

/** Of these the nightly one has a time; when a statement comes is for the provider to say. */
export const NEXT_CHECKS = ['next_statement', 'nightly'] as const;
export type NextCheck = (typeof NEXT_CHECKS)[number];

interface Meaning {
  readonly cause: string;
  readonly proposal: { readonly resolution: ResolutionKind; readonly text: string };
  /** What will look at it next by itself; null: nothing does. */
  readonly nextCheckBy: NextCheck | null;
}

export const MEANINGS: Readonly<Record<BreakClass, Meaning>> = {
  missing_at_provider: {
    cause: 'The ledger says it succeeded. The statement covers its time but has no line for it.',
    proposal: {
      resolution: 'explained',
      text: 'Ask the provider about its id. If the provider confirms that nothing was executed, correct it. A late statement line closes this break.',
    },
    nextCheckBy: 'next_statement',
  },
  missing_in_ledger: {
    cause: 'The statement has a line that matches no transaction of the gateway.',
    proposal: {
      resolution: 'explained',
      text: 'Find out who else uses this provider account. Nothing is posted without a transaction.',
    },
    nextCheckBy: null,
  },
  amount_mismatch: {
    cause: 'The statement has another amount or currency than the transaction.',
    proposal: { resolution: 'correct', text: 'Correct it by the difference if the provider confirms its amount.' },
    nextCheckBy: null,
  },
  status_mismatch: {
    cause:
      'The statement has a result for a transaction that, according to the ledger, the provider has not accepted yet.',
    proposal: {
      resolution: 'explained',
      text: 'Wait until it is final. If it is parked, resolve it as the line says.',
    },
    nextCheckBy: 'nightly',
  },
  duplicate_at_provider: {
    cause: 'The statement has more than one executed line for one transaction.',
    proposal: { resolution: 'correct', text: 'Reclaim the second execution from the provider, or correct it.' },
    nextCheckBy: null,
  },
  unexplained_balance: {
    cause: 'The balance at the provider changed by more or less than the purchases in the ledger explain.',
    proposal: {
      resolution: 'explained',
      text: 'Look for other systems that spend from it, for fees, and for unknown purchases. This is an estimate at the observed rate.',
    },
    nextCheckBy: null,
  },
  late_confirmation: {
    cause: 'The statement has the result of a transaction that was not final.',
    proposal: { resolution: 'explained', text: 'It is settled automatically, as the line says.' },
    nextCheckBy: 'nightly',
  },
  cutoff_timing: {
    cause: 'It became final after the last line of the statement; the next statement should have it.',
    proposal: { resolution: 'explained', text: 'Wait for the next statement.' },
    nextCheckBy: 'next_statement',
  },
  status_conflict: {
    cause: 'The provider says the opposite of a final state in the ledger, or its own lines contradict each other.',
    proposal: {
      resolution: 'correct',
      text: 'Ask the provider. Post a correction if it is right, or resolve an unknown transaction; nothing settles itself.',
    },
    nextCheckBy: null,
  },
  reversal_at_provider: {
    cause: 'The statement has a line that reverses an execution: a reversal, a refund, or a negative amount.',
    proposal: {
      resolution: 'correct',
      text: 'Ask the provider why. If the reversal is valid, correct the transaction by the reversed amount. Nothing is reversed automatically.',
    },
    nextCheckBy: null,
  },
};

/** Whether it moves money or points: then two operators may be needed. */
export function movesMoney(resolution: ResolutionKind): boolean {
  return resolution !== 'explained';
}
