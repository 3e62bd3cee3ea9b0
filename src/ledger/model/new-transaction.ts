import type { Resource, Status, Transaction } from './transaction.js';

/** A resource that is created with the transaction; it has the transaction's app, provider and metadata. */
export type NewResource = Pick<Resource, 'id' | 'kind' | 'status' | 'detail' | 'sealed'>;

/** Members that keep their value from the record. */
type Recorded = Pick<
  Transaction,
  | 'id'
  | 'appId'
  | 'type'
  | 'provider'
  | 'reference'
  | 'quantity'
  | 'unit'
  | 'detail'
  | 'sealed'
  | 'metadata'
  | 'resourceId'
  | 'releaseAt'
>;

/** A transaction before it is sent. */
export interface NewTransaction extends Recorded {
  readonly status: Extract<Status, 'scheduled' | 'pending'>;
  /** The scope in which (type, reference) is unique forever. */
  readonly referenceScope: string;
  readonly idempotencyKey: string | null;
  /** Position in a batch that shares one key; 0 otherwise. */
  readonly idempotencyItem: number;
  readonly requestMac: Buffer | null;
  readonly resource: NewResource | null;
  /** Rows with the same value within the duplicate window are rejected; null: duplicates are not checked. */
  readonly duplicateMac: Buffer | null;
  readonly allowDuplicate: boolean;
  /**
   * The transaction is rejected unless the observed float at the provider, times `safety`, covers it and all purchases
   * in progress. null: it is not paid from a float.
   */
  readonly cover: { readonly safety: string } | null;
  /** The lease with which the recording process sends it at once; null: it is claimed when it is due. */
  readonly leaseMs: number | null;
  /** Milliseconds from now after which it must not be sent any more; null: no limit. */
  readonly expiresInMs: number | null;
  readonly expectedInMs: number | null;
  readonly actor: string;
  readonly eventId: string;
}
