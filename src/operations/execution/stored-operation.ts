import type { AppCipher } from '../../crypto/app-vault.js';
import type { Claim } from '../../ledger/writes/claim.js';
import type { Transaction } from '../../ledger/model/transaction.js';
import {
  ProviderError,
  type OperationHandler,
  type OperationPriority,
  type StoredOperation,
} from '../../connector/connector.js';
import { PREPARATION_MS } from '../connector-registry.service.js';
import { openSecret } from '../sealed-payload.js';

/** The operation as its connector gets it. `body`: if known, it is not decrypted. @throws Error when its data was erased */
export function operationOf(
  cipher: AppCipher,
  transaction: Transaction,
  { deadlineMs }: OperationHandler,
  priority: OperationPriority,
  body = openSecret(cipher, transaction).body,
): StoredOperation {
  return {
    id: transaction.id,
    appId: transaction.appId,
    type: transaction.type,
    body,
    detail: transaction.detail,
    correlationId: transaction.correlationId,
    providerReference: transaction.providerReference,
    attempt: transaction.attempts,
    startedAt: transaction.releaseAt ?? transaction.createdAt,
    priority,
    deadlineMs,
  };
}

/** Call it immediately before the first byte is sent. @throws ProviderError when it must no longer be sent */
export function assertInTime({ transaction, leasedAtMs }: Claim): void {
  // A process that was suspended must not send: another instance has taken the transaction over by then.
  if (performance.now() - leasedAtMs > PREPARATION_MS) throw new ProviderError('not-sent', 'lease_lost');
  if (transaction.expiresAt && transaction.expiresAt.getTime() <= Date.now()) {
    throw new ProviderError('not-sent', 'expired');
  }
}
