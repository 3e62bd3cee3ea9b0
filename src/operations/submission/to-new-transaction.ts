import { newUuid, publicId } from '../../common/ids.js';
import type { NewTransaction } from '../../ledger/model/new-transaction.js';
import type { Draft } from './draft.js';
import type { Submission } from './submission.js';

type Prepared = Pick<NewTransaction, 'requestMac' | 'duplicateMac' | 'sealed' | 'leaseMs' | 'expectedInMs'>;

/** The time before which the draft must not be sent; null: now. */
export function sendTimeOf({ releaseAt, sendAfter }: Draft): Date | null {
  return releaseAt ?? sendAfter ?? null;
}

/** The draft as the ledger records it. */
export function toNewTransaction(draft: Draft, submission: Submission, prepared: Prepared): NewTransaction {
  const { appId, idempotencyKey, item = 0 } = submission;
  return {
    id: draft.id,
    appId,
    type: draft.type,
    provider: draft.provider,
    status: draft.releaseAt ? 'scheduled' : 'pending',
    reference: draft.reference,
    referenceScope: draft.referenceScope ?? appId,
    idempotencyKey,
    idempotencyItem: item,
    requestMac: prepared.requestMac,
    quantity: draft.quantity?.amount ?? null,
    unit: draft.quantity?.unit ?? null,
    detail: draft.detail,
    sealed: prepared.sealed,
    metadata: draft.metadata,
    resourceId: draft.resourceId ?? null,
    resource: draft.resource ? { ...draft.resource, sealed: null } : null,
    duplicateMac: prepared.duplicateMac,
    allowDuplicate: draft.allowDuplicate ?? false,
    cover: draft.cover ?? null,
    leaseMs: prepared.leaseMs,
    releaseAt: sendTimeOf(draft),
    expiresInMs: draft.expiresInMs ?? null,
    expectedInMs: prepared.expectedInMs,
    actor: publicId('app', appId),
    eventId: newUuid(),
  };
}
