import type { AccountPair } from './accounts.js';
import type { Evidence } from '../model/evidence.js';
import type { Failure, JsonObject, Status } from '../model/transaction.js';

/** The balance at the provider that the answer to an operation reported. */
export interface ReportedBalance {
  /** An exact decimal. */
  readonly balance: string;
  /** The database's clock before the operation was sent. */
  readonly begunAt: Date;
  /** True when no other operation of this process ran meanwhile, so that the cost of this one may be visible. */
  readonly alone: boolean;
}

/** An outcome, or other evidence, that is written to a transaction. */
export interface Settlement {
  readonly id: string;
  readonly appId: string;
  /** The status that the writer read; nothing is written if it has changed. */
  readonly from: Status;
  /** The epoch of the writer's lease; null: the writer has no lease, e.g. a notification. */
  readonly epoch: number | null;
  /** The new status; null: the event records evidence without a status change. */
  readonly to: Status | null;
  readonly correlationId?: string | null;
  readonly providerReference?: string | null;
  readonly failure?: Failure | null;
  /** Members merged into the transaction's detail. */
  readonly detail?: JsonObject;
  /** Replaces the sealed data when given. */
  readonly sealed?: Buffer;
  /** Milliseconds until the next work on the row, at the latest its expiry; null: none. */
  readonly dueInMs: number | null;
  readonly expectedInMs?: number | null;
  /** True when the call was certainly not sent; it does not count as an attempt then. */
  readonly attemptNotSent?: boolean;
  /** True when the writer does not work on the row: lease, due time and open attempt stay unchanged. */
  readonly keepsLease?: boolean;
  readonly parked?: boolean;
  readonly resource?: {
    readonly status?: string;
    readonly providerReference?: string | null;
    readonly detail?: JsonObject;
    readonly sealed?: Buffer;
    readonly metadata?: JsonObject;
  };
  /** The balance that was reported with this outcome. */
  readonly reported?: ReportedBalance;
  readonly actor: string;
  /** The evidence of the transition, e.g. `answer`, `notification`, `timeout`. */
  readonly evidence: Evidence;
  readonly eventDetail?: JsonObject;
  readonly eventId: string;
  /** The notification that this commit marks as applied, unless the personal data of the transaction is erased. */
  readonly notificationId?: string;
}

export type SettleRow = Settlement & {
  readonly accounts: AccountPair | null;
  readonly quantity: bigint | null;
};
