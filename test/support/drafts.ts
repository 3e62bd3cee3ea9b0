import { newUuid } from '../../src/common/ids.js';
import type { NewTransaction } from '../../src/ledger/model/new-transaction.js';

export const APP = newUuid();

/** A top-up of ten pesos, before it is recorded. */
export function draft(changes: Partial<NewTransaction> = {}): NewTransaction {
  const id = newUuid();
  return {
    id,
    appId: APP,
    type: 'topup',
    provider: 'latcom',
    status: 'pending',
    reference: `ref-${id}`,
    referenceScope: APP,
    idempotencyKey: `key-${id}`,
    idempotencyItem: 0,
    requestMac: Buffer.from('request'),
    quantity: 1000n,
    unit: 'MXN',
    detail: { productId: 'MOVISTAR_TAE' },
    sealed: Buffer.from('sealed'),
    metadata: {},
    resourceId: null,
    resource: null,
    duplicateMac: null,
    allowDuplicate: false,
    cover: null,
    leaseMs: 1_000,
    releaseAt: null,
    expiresInMs: null,
    expectedInMs: null,
    actor: 'test',
    eventId: newUuid(),
    ...changes,
  };
}
