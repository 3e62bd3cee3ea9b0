import { publicId } from '../../common/ids.js';
import type { RecordResult } from '../../ledger/writes/record.js';
import type { TransactionType } from '../../ledger/model/transaction.js';
import { Problem } from '../../common/problem.js';

/** By then the balance has been asked for again. */
const FLOAT_RETRY_SECONDS = 60;

/** Why what is known already may not be asked for like this; null: it is a repetition of the same request. */
export function refusalOf(
  known: Extract<RecordResult, { kind: 'known' }>,
  type: TransactionType,
  appId: string,
): Problem | null {
  const own = known.appId === appId ? { transactionId: publicId('txn', known.id) } : {};
  if (known.by === 'duplicate') {
    return new Problem(
      'possible_duplicate',
      'The same was requested within the last ten minutes under another Idempotency-Key. ' +
        'Send "allowDuplicate": true if it is wanted twice.',
      own,
    );
  }
  if (known.by === 'reference') {
    return new Problem(
      'reference_conflict',
      `The reference is already used for another ${type}: references are unique for ever.`,
      own,
    );
  }
  return known.sameRequest ? null : keyReused();
}

export function keyReused(): Problem {
  const detail = 'This Idempotency-Key was used for another request. Use a new key for a new request.';
  return new Problem('idempotency_key_reused', detail);
}

export function insufficientFloat(): Problem {
  return new Problem(
    'insufficient_float',
    'What is paid in at the provider does not cover it together with what is under way; nothing was recorded.',
    { retryAfterSeconds: FLOAT_RETRY_SECONDS },
  );
}
