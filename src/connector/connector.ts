import type { ReportedBalance } from '../ledger/writes/settle.js';
import type { Failure, Json, JsonObject } from '../ledger/model/transaction.js';

/*
 * The port between the gateway and its providers. A connector declares which operations it performs, makes one call, and
 * translates the response. Recording, leases, retries and the ledger are the gateway's work. An optional member that a
 * provider does not support (a poll, a batch) is left out, never stubbed.
 */

/** The result of a call that the provider answered clearly. A decline is a value, not an exception. */
export type Outcome = Answer & {
  /** The provider's raw response. It is stored encrypted with the transaction, for later disputes. */
  readonly reply?: string;
};

type Answer =
  /** The provider registered the operation; the result follows by poll or notification. Status: `processing`. */
  | {
      readonly kind: 'accepted';
      /**
       * The id that the provider gave to this request. Notifications are matched by it, and polls may use it. null: not
       * known yet; a later outcome can supply it.
       */
      readonly correlationId: string | null;
      /** The provider's id of the executed operation, which its statements and its support use. */
      readonly providerReference?: string | null;
      /** Milliseconds until the first poll; null: never polled, only a notification ends the operation. */
      readonly pollInMs: number | null;
      /** Milliseconds until the result is usually known. Apps see it as `expectedBy`. */
      readonly expectedInMs: number;
    }
  /** Executed. Final. */
  | {
      readonly kind: 'succeeded';
      readonly providerReference: string | null;
      readonly correlationId?: string | null;
      /** Members to add to the transaction's `detail`. No personal data: it is stored in clear. */
      readonly detail?: JsonObject;
      /** Changes to the transaction's resource, e.g. a pass. */
      readonly resource?: ResourceChange;
      /** The prepaid balance that the response states. It is recorded in the same commit as the result. */
      readonly reported?: ReportedBalance;
    }
  /** The provider rejected the operation in its own words: certainly not executed. Final; the status is `failed`. */
  | {
      readonly kind: 'declined';
      readonly failure: Failure;
      readonly providerReference?: string | null;
      readonly correlationId?: string | null;
    }
  /** The result of a poll: not final yet. The status does not change. `pollInMs` is the time until the next poll. */
  | { readonly kind: 'waiting'; readonly pollInMs: number | null; readonly correlationId?: string | null };

/** A change to a resource. Members that are absent keep their value. */
export interface ResourceChange {
  /** One of the provider's own statuses, e.g. `active`. Final ones are declared in the manifest as `endStatuses`. */
  readonly status?: string;
  /** The provider's id of the resource. */
  readonly providerReference?: string | null;
  /** Members to add to the resource's `detail`. No personal data: it is stored in clear. */
  readonly detail?: JsonObject;
  /** Data that only the owning app may read, e.g. a QR code. Stored encrypted. */
  readonly secret?: JsonObject;
  /** Replaces the app's metadata. */
  readonly metadata?: JsonObject;
}

export type ProviderErrorKind =
  /** Certainly not executed: no connection, no token, no quota, breaker open, or the lease was lost. Sent again. */
  | 'not-sent'
  /** Rejected before execution because of a limit, e.g. with a 429. Sent again after the pause. */
  | 'rate-limited'
  /** The provider rejects our credentials even after a new login, before execution. Sent again a minute later. */
  | 'unauthorized'
  /**
   * May have been executed: the response is lost, late, unreadable or contradictory, or a 5xx. Sent again if the operation
   * is `repeatable`; otherwise the transaction becomes `unknown`.
   */
  | 'doubtful';

/**
 * The reason for a 4xx that the provider did not write itself: a gateway or firewall in front of it rejected the call. It
 * says nothing about the operation, so throw it as `doubtful`. It raises the alarm `provider_edge`.
 */
export const REFUSED_BY_EDGE = 'refused_by_edge';

/** Reason and alarm for a balance that is not a plain decimal. The last readable balance stays in use. */
export const UNREADABLE_BALANCE = 'unreadable_balance';

/** A call without a clear answer. `reason` is a short code of the gateway: safe for logs, events and metrics. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';

  constructor(
    readonly kind: ProviderErrorKind,
    readonly reason: string,
    readonly extras: {
      /** Shortest time until the next try, in milliseconds. */
      readonly retryAfterMs?: number;
      /** Facts for the provider's support: HTTP status, a firewall's reference. Shown in events: no personal data. */
      readonly evidence?: JsonObject;
      /**
       * The credentials are wrong: neither a retry nor a new login will help. It pauses the whole provider until an
       * operator fixes the credentials and resumes it. Only an error inside `ProviderClient.call`, e.g. of its login, has
       * this effect. Leave it out for a token that a new login replaces.
       */
      readonly stopsProvider?: boolean;
      readonly cause?: unknown;
    } = {},
  ) {
    super(`${kind}: ${reason}`, { cause: extras.cause });
  }
}

/** The part of a transaction that is stored encrypted, with the key of its app. */
export interface Secret {
  /**
   * Personal data in clear, by member of `detail`, e.g. `{ phoneNumber: '5537686660' }`. The same member of `detail` has the
   * masked value. Callers who may see personal data get this value instead. The manifest declares each member as `personal`.
   */
  readonly personal: JsonObject;
  /** The exact request body. It is fixed before the first send, so every retry sends the same bytes. */
  readonly body: string;
  /** The provider's raw response. */
  readonly reply?: string;
}

/** A recorded operation, as `send`, `poll` and `batch` receive it. */
export interface StoredOperation {
  /** The transaction's id: a UUID in lower case, without the `txn_` of the API. */
  readonly id: string;
  readonly appId: string;
  readonly type: string;
  /** `Secret.body`, decrypted. Send it byte for byte. */
  readonly body: string;
  /** The details of the transaction for every caller who may read it: personal data is masked. */
  readonly detail: JsonObject;
  /** As an earlier outcome supplied it; null: not known yet. */
  readonly correlationId: string | null;
  /** As an earlier outcome supplied it; null: not known yet. */
  readonly providerReference: string | null;
  /** Number of this attempt, from 1. Attempts that may have been executed count; those certainly not sent do not. */
  readonly attempt: number;
  /** The time of release for an operation that was on hold, otherwise of creation. */
  readonly startedAt: Date;
  /** The commit that began this attempt found that the prepaid balance covers it. Absent or false: not checked there. */
  readonly isCovered?: boolean;
  /** The priority for the provider's quota: pass it to `ProviderClient.call` as `priority`, also for a poll. */
  readonly priority: OperationPriority;
  /** The handler's `deadlineMs`: pass it to the HTTP request that executes the operation. */
  readonly deadlineMs: number;
}

/**
 * The priority of a call while permits of the quota are scarce.
 * - `operator`: an operator requested it.
 * - `interactive`: a caller waits for the result.
 * - `alone`: as `interactive`, but it can also be sent in a batch, so it takes no permit of its own while they are
 *   scarce.
 * - `aged`: it has waited in the queue for a long time.
 * - `background`: no caller waits.
 */
export type OperationPriority = 'operator' | 'interactive' | 'alone' | 'aged' | 'background';

/** Sends several operations in one call, which costs one permit. Used only while permits are scarce. */
export interface BatchHandler {
  /** Largest batch at this moment. 0: batches are off. 1: wait for the answer to the batch that is in progress. */
  readonly size: number;
  /** True once the connector has understood an answer to a batch. Until then, one batch is sent at a time. */
  readonly isProven: boolean;
  /**
   * Makes one call for all operations and returns one result for each, in the same order. Call `beforeSend` as in
   * `OperationHandler.send`.
   * @throws ProviderError when the same error applies to all operations
   */
  readonly send: (
    operations: readonly StoredOperation[],
    beforeSend: () => void,
  ) => Promise<readonly (Outcome | ProviderError)[]>;
}

/** For operations that change a resource. They are sent one at a time, in the order in which they were recorded. */
export interface ResourceOrder {
  /** Names the parts of the resource that an operation sets, read from its `detail`. `all`: it replaces everything. */
  readonly partsOf: (detail: JsonObject) => 'all' | ReadonlySet<string>;
  /** The failure of an unsent operation after a later one has set one of its parts. */
  readonly superseded: Failure;
}

/** When an operation is sent again. The pause doubles with each try and is randomized (full jitter). */
export interface RetryPolicy {
  /** First pause, in milliseconds. */
  readonly baseMs: number;
  /** Longest pause, in milliseconds. */
  readonly capMs: number;
  /** Milliseconds from creation or release. Afterwards the operation is parked: an operator must intervene. */
  readonly giveUpAfterMs: number;
}

/** How one transaction type is sent. */
export interface OperationHandler {
  /** A transaction type that the manifest declares. */
  readonly type: string;
  /**
   * True when the provider ignores or reports a second send of the same bytes: a doubtful call is then sent again. False
   * when a second send could execute it twice: a doubtful call makes the transaction `unknown`.
   */
  readonly repeatable: boolean;
  /**
   * Longest duration of the call that executes the operation, in milliseconds, from the connection to the last byte of
   * the response. State it only here: the gateway calculates the lease from it, and `send` finds it in the operation.
   * The lease has no time for a second call in `send`: make one only for a repeatable operation, because another instance
   * may take the operation over meanwhile. A `poll` must not take longer than `deadlineMs` either.
   */
  readonly deadlineMs: number;
  readonly retry: RetryPolicy;
  /**
   * The status of the transaction's resource by the status of the transaction. `succeeded` applies when an operator
   * resolves the transaction; a connector's own success names the status in `Outcome.resource`. Absent: no change.
   */
  readonly resourceStatus?: { readonly succeeded: string; readonly failed: string; readonly unknown: string };
  /** Absent when the order of sending does not matter. */
  readonly order?: ResourceOrder;
  /** The text that apps see as `nextStep` while the provider works on the operation. */
  readonly waitingFor: string;
  /**
   * Makes the call. Call `beforeSend` immediately before the first byte leaves (`ProviderClient.call` does). It throws when
   * the operation must not be sent any more: it expired, or another instance has taken it over.
   * @throws ProviderError for every response that is not clear
   */
  readonly send: (operation: StoredOperation, beforeSend: () => void) => Promise<Outcome>;
  /** Absent when the provider has no batch call. `deadlineMs` applies to it too. Its operations have one priority. */
  readonly batch?: BatchHandler;
  /** Queries the result of an accepted operation. Absent when there is no such query. @throws ProviderError */
  readonly poll?: (operation: StoredOperation) => Promise<Outcome>;
}

/** The prepaid balance at a provider, from which its operations are paid. */
export interface BalanceSource {
  /** Interval of balance queries, in milliseconds. One instance queries for all. */
  readonly everyMs: number;
  /** Maximum staleness of a queried balance, in milliseconds. It counts as evidence only after this delay. */
  readonly lagMs: number;
  /** Levels below which an alarm is raised, as decimals in the balance's currency. */
  readonly lowLevels: readonly string[];
  /** Queries the balance and returns it as an exact decimal, digit by digit. @throws ProviderError */
  readonly read: () => Promise<{ readonly balance: string; readonly currency: string | null }>;
}

/** A provider at run time; its module registers it with the `ConnectorRegistry`. */
export interface ProviderDefinition {
  /** The same as in its manifest. */
  readonly name: string;
  /** One handler for each operation of the manifest. */
  readonly operations: readonly OperationHandler[];
  /** Present when operations are paid from a prepaid balance. */
  readonly balance?: BalanceSource;
  /** Reads the raw body of a notification. Present when the manifest declares notifications. It must never throw. */
  readonly readNotification?: (raw: string) => NotificationReading;
  /** Creates what the demo app needs, at every start with an embedded database and only simulated providers. Repeatable. */
  readonly seedDemo?: () => Promise<void>;
}

/** The meaning of a notification, as a connector reads it. */
export type NotificationReading =
  /** The raw body is stored, and an alarm is raised that contains `reason`: no personal data there. */
  | { readonly kind: 'unreadable'; readonly reason: string }
  /** The operation with this id has ended. */
  | {
      readonly kind: 'final';
      readonly correlationId: string;
      readonly outcome: Extract<Outcome, { kind: 'succeeded' | 'declined' }>;
    }
  /** The operation is still in progress. `status` is the provider's word for it. */
  | { readonly kind: 'not-final'; readonly correlationId: string; readonly status: string };

export type { Json, JsonObject };
