import type { JsonObject, Status } from './transaction.js';

/** A resource that is born together with the transaction that creates it; it has the app and provider of that one. */
export interface NewResource {
  readonly id: string;
  readonly kind: string;
  readonly status: string;
  readonly detail: JsonObject;
  readonly sealed: Buffer | null;
}

/** Everything that is known of a transaction before anything is sent. */
export interface NewTransaction {
  readonly id: string;
  readonly appId: string;
  readonly type: string;
  readonly provider: string;
  readonly status: Extract<Status, 'scheduled' | 'pending'>;
  readonly reference: string | null;
  /** Within which (type, reference) is unique for ever. */
  readonly referenceScope: string;
  readonly idempotencyKey: string | null;
  /** Position in a batch that shares one key; 0 otherwise. */
  readonly idempotencyItem: number;
  readonly requestMac: Buffer | null;
  readonly quantity: bigint | null;
  readonly unit: string | null;
  readonly detail: JsonObject;
  readonly sealed: Buffer | null;
  readonly metadata: JsonObject;
  readonly resourceId: string | null;
  readonly resource: NewResource | null;
  /** Rows with the same value inside the duplicate window are refused; null: not guarded. */
  readonly duplicateMac: Buffer | null;
  readonly allowDuplicate: boolean;
  /** Refused unless the observed float at the provider, times `safety`, covers it and all that is out; null: not so. */
  readonly cover: { readonly safety: string } | null;
  /** The recorder sends it at once and holds the row for so long; null: somebody takes it up when it is due. */
  readonly leaseMs: number | null;
  /** Nothing is sent before that time. */
  readonly releaseAt: Date | null;
  /** Milliseconds from now until it is too late to send; null: never. */
  readonly expiresInMs: number | null;
  readonly expectedInMs: number | null;
  readonly actor: string;
  readonly eventId: string;
}
