import type { AccountPair } from './accounts.js';
import type { Failure, JsonObject, Status } from '../model/transaction.js';

/** What is left at the provider, from the answer to an operation; a decimal with all its digits. */
export interface ReportedBalance {
  readonly balance: string;
  /** The database's clock before the operation was sent. */
  readonly begunAt: Date;
  /** No other operation of this process was under way meanwhile: what it has cost may be seen. */
  readonly alone: boolean;
}

/** Who is working on a row, proved by the epoch of the lease; `null` for those who hold none (a notification). */
export interface Settlement {
  readonly id: string;
  readonly appId: string;
  /** The status the writer saw; when it is another by now nothing is written. */
  readonly from: Status;
  readonly epoch: number | null;
  /** null: evidence without a status change. */
  readonly to: Status | null;
  readonly correlationId?: string | null;
  readonly providerReference?: string | null;
  readonly failure?: Failure | null;
  /** Members merged into the transaction's detail. */
  readonly detail?: JsonObject;
  /** Replaces the sealed data when given. */
  readonly sealed?: Buffer;
  /** Milliseconds until the next look, at the latest when it expires; null: no further look. */
  readonly dueInMs: number | null;
  readonly expectedInMs?: number | null;
  /** The call was certainly not sent: it does not count as an attempt. */
  readonly attemptNotSent?: boolean;
  /** Leave lease, due time and open attempt as they are: the writer is not who works on the row. */
  readonly keepsLease?: boolean;
  readonly parked?: boolean;
  readonly resource?: {
    readonly status?: string;
    readonly providerReference?: string | null;
    readonly detail?: JsonObject;
    readonly sealed?: Buffer;
    readonly metadata?: JsonObject;
  };
  /** The balance that came with this outcome. */
  readonly reported?: ReportedBalance;
  readonly actor: string;
  /** What the move rests on, e.g. `answer`, `notification`, `timeout`. */
  readonly evidence: string;
  readonly eventDetail?: JsonObject;
  readonly eventId: string;
  /** Applied by this very commit, unless its person has been erased: no notification about them is kept. */
  readonly notificationId?: string;
}

export type SettleRow = Settlement & {
  readonly accounts: AccountPair | null;
  readonly quantity: bigint | null;
};
