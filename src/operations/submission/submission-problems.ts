import { publicId } from '../../common/ids.js';
import type { RecordResult } from '../../ledger/writes/record.js';
import { Problem } from '../../common/problem.js';

/** The balance is queried again within this time. */
const FLOAT_RETRY_SECONDS = 60;

/** The problem with a request whose key, reference or content is known; null: it repeats the same request. */
export function refusalOf(
  known: Extract<RecordResult, { kind: 'known' }>,
  type: string,
  appId: string,
): Problem | null {
  const own = known.appId === appId ? { transactionId: publicId('txn', known.id) } : {};
  if (known.by === 'duplicate') {
    return new Problem(
      'possible_duplicate',
      'An equal request was made within the last ten minutes with another Idempotency-Key. ' +
        'Send "allowDuplicate": true to repeat it.',
      own,
    );
  }
  if (known.by === 'reference') {
    return new Problem(
      'reference_conflict',
      `The reference is already used for another ${type}: a reference can be used once only.`,
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
    'The prepaid balance does not cover this request plus those in progress. Nothing was recorded.',
    { retryAfterSeconds: FLOAT_RETRY_SECONDS },
  );
}
