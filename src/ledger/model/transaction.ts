import type { JsonObject } from '../../readers/json.js';

export type { Json, JsonObject } from '../../readers/json.js';

export const STATUSES = ['scheduled', 'pending', 'processing', 'unknown', 'succeeded', 'failed', 'canceled'] as const;
export type Status = (typeof STATUSES)[number];

/** Where the cause of a failure lies, and so who can do something about it. */
export type FailureCategory = 'request' | 'member' | 'configuration' | 'funds' | 'provider' | 'operator';

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly instructions: string | null;
  readonly category: FailureCategory;
  readonly provider: { readonly code: string | null; readonly message: string | null } | null;
  /** Whether a NEW transaction with the same content may succeed without any change. */
  readonly retryable: boolean;
}

/** One operation at a provider as the ledger knows it. Times are the database's. */
export interface Transaction {
  readonly id: string;
  readonly appId: string;
  /** One of the types that providers declare, or `correction`. */
  readonly type: string;
  readonly provider: string;
  readonly status: Status;
  readonly reference: string | null;
  /** Amount in the unit's smallest part (points; centavos; passes). */
  readonly quantity: bigint | null;
  readonly unit: string | null;
  readonly correlationId: string | null;
  readonly providerReference: string | null;
  /** The type's particulars as shown to everybody who may see the transaction: nothing personal in clear. */
  readonly detail: JsonObject;
  /** Encrypted `Secret`; null once erased. */
  readonly sealed: Buffer | null;
  readonly metadata: JsonObject;
  readonly failure: Failure | null;
  readonly resourceId: string | null;
  /** Calls to the provider begun so far (those certainly not sent are not counted). */
  readonly attempts: number;
  readonly attemptOpen: boolean;
  readonly epoch: number;
  readonly dueAt: Date | null;
  readonly parked: boolean;
  readonly releaseAt: Date | null;
  readonly expiresAt: Date | null;
  readonly expectedBy: Date | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly completedAt: Date | null;
  /** Since then its personal data is kept for claims only: administrators see it, nobody else. */
  readonly blockedAt: Date | null;
  /** Since then its personal data is gone. */
  readonly erasedAt: Date | null;
}

/** What outlives the transactions that act on it, e.g. a pass. */
export interface Resource {
  readonly id: string;
  readonly appId: string;
  readonly kind: string;
  readonly provider: string;
  readonly providerReference: string | null;
  readonly status: string;
  readonly detail: JsonObject;
  readonly sealed: Buffer | null;
  readonly metadata: JsonObject;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Like a transaction's. */
  readonly blockedAt: Date | null;
  readonly erasedAt: Date | null;
}

export interface TransactionEvent {
  readonly id: string;
  readonly at: Date;
  readonly from: Status | null;
  /** null: evidence without a status change. */
  readonly to: Status | null;
  readonly actor: string;
  readonly evidence: string;
  readonly detail: JsonObject;
}
