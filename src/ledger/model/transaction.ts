import type { JsonObject } from '../../readers/json.js';
import type { Evidence } from './evidence.js';

export type { Json, JsonObject } from '../../readers/json.js';

export const STATUSES = ['scheduled', 'pending', 'processing', 'unknown', 'succeeded', 'failed', 'canceled'] as const;
export type Status = (typeof STATUSES)[number];

/** The area of the cause of a failure; it shows who can act on it. */
export type FailureCategory = 'request' | 'member' | 'configuration' | 'funds' | 'provider' | 'operator';

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly instructions: string | null;
  readonly category: FailureCategory;
  readonly provider: { readonly code: string | null; readonly message: string | null } | null;
  /** True when a NEW transaction with the same content may succeed. */
  readonly retryable: boolean;
}

/** One operation at a provider. Times are from the database's clock. */
export interface Transaction {
  readonly id: string;
  readonly appId: string;
  /** One of the types that providers declare, or `correction`. */
  readonly type: string;
  readonly provider: string;
  readonly status: Status;
  readonly reference: string | null;
  /** Amount in the smallest unit (points, centavos, passes). */
  readonly quantity: bigint | null;
  readonly unit: string | null;
  readonly correlationId: string | null;
  readonly providerReference: string | null;
  /** Data of the transaction's type, shown to all who may read the transaction; personal data only in masked form. */
  readonly detail: JsonObject;
  /** The encrypted `Secret`; null after erasure. */
  readonly sealed: Buffer | null;
  readonly metadata: JsonObject;
  readonly failure: Failure | null;
  readonly resourceId: string | null;
  /** Number of calls to the provider so far, without those that were certainly not sent. */
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
  /** Time since which its personal data is kept for legal claims only and visible only to administrators. */
  readonly blockedAt: Date | null;
  /** Time when its personal data was erased. */
  readonly erasedAt: Date | null;
}

/** An object at a provider, e.g. a pass, that outlives the transactions that act on it. */
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
  /** As in `Transaction`. */
  readonly blockedAt: Date | null;
  readonly erasedAt: Date | null;
}

export interface TransactionEvent {
  readonly id: string;
  readonly at: Date;
  readonly from: Status | null;
  /** The new status; null: the event records evidence without a status change. */
  readonly to: Status | null;
  readonly actor: string;
  readonly evidence: Evidence;
  readonly detail: JsonObject;
}
