import type { ReportedBalance } from '../ledger/writes/settle.js';
import type { Failure, Json, JsonObject } from '../ledger/model/transaction.js';

/**
 * The port between the gateway and its providers, and the project's vocabulary. A connector declares which operations it
 * performs and translates; recording, leases, retries and the ledger are not its business. What a provider does not have
 * (a poll, a quantity) is absent from its definition, never stubbed.
 */
/** What the provider said. A refusal is a value, not an exception. */
export type Outcome = Said & {
  /** The provider's answer as it came, kept encrypted with the transaction. */
  readonly reply?: string;
};

type Said =
  | {
      readonly kind: 'accepted';
      readonly correlationId: string | null;
      readonly providerReference?: string | null;
      /** When to ask for the end if nobody tells us, in milliseconds; null: only a notification ends it. */
      readonly pollInMs: number | null;
      /** By when the end is to be expected, in milliseconds. */
      readonly expectedInMs: number;
    }
  | {
      readonly kind: 'succeeded';
      readonly providerReference: string | null;
      readonly correlationId?: string | null;
      /** Members merged into what everybody may see of the transaction. */
      readonly detail?: JsonObject;
      readonly resource?: ResourceChange;
      /** The prepaid balance that the response reports. */
      readonly reported?: ReportedBalance;
    }
  | {
      readonly kind: 'declined';
      readonly failure: Failure;
      readonly providerReference?: string | null;
      readonly correlationId?: string | null;
    }
  /** Asked, and the end is still to come. */
  | { readonly kind: 'waiting'; readonly pollInMs: number | null; readonly correlationId?: string | null };

export interface ResourceChange {
  readonly status?: string;
  readonly providerReference?: string | null;
  readonly detail?: JsonObject;
  /** Encrypted at rest, for the owning app only. */
  readonly secret?: JsonObject;
  readonly metadata?: JsonObject;
}

export type ProviderErrorKind =
  /** Proved that nothing happened: no connection, no token, no quota, breaker open, our lease is gone. */
  | 'not-sent'
  /** 429: refused before execution. */
  | 'rate-limited'
  /** The provider does not accept our credentials, also after a new login. */
  | 'unauthorized'
  /** It may have happened: lost, late, unreadable or contradictory answers, 5xx. */
  | 'doubtful';

/**
 * The reason of a 4xx that is not in the provider's own words: something in front of the provider (a gateway, a firewall)
 * refused the call, which says nothing about the operation.
 */
export const REFUSED_BY_EDGE = 'refused_by_edge';

/** The reason, and the alarm, of a balance that is no plain decimal: the last good one stands. */
export const UNREADABLE_BALANCE = 'unreadable_balance';

/** What a provider failed to say. `reason` is a short code of ours: safe for logs, events and metrics. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';

  constructor(
    readonly kind: ProviderErrorKind,
    readonly reason: string,
    readonly extras: {
      /** Earliest time for the next try, in milliseconds from now. */
      readonly retryAfterMs?: number;
      /** What support may ask for: HTTP status, an edge firewall's reference. No personal data. */
      readonly evidence?: JsonObject;
      /** No new login and no other call will do better: somebody has to mend our credentials. */
      readonly stopsProvider?: boolean;
      readonly cause?: unknown;
    } = {},
  ) {
    super(`${kind}: ${reason}`, { cause: extras.cause });
  }
}

/** What is encrypted with a transaction. */
export interface Secret {
  /** Laid over the transaction's detail for those who may see personal data. */
  readonly personal: JsonObject;
  /** The exact bytes that are sent to the provider, fixed before the first try. */
  readonly body: string;
  /** The provider's answer as it came. */
  readonly reply?: string;
}

/** A recorded operation as its connector gets it. */
export interface StoredOperation {
  readonly id: string;
  readonly appId: string;
  readonly type: string;
  readonly body: string;
  readonly detail: JsonObject;
  readonly correlationId: string | null;
  readonly providerReference: string | null;
  /** 1 for the first call that may have left; counts those whose end nobody saw. */
  readonly attempt: number;
  /** Its creation, or its release when it was held. */
  readonly startedAt: Date;
  /** It was found to be covered by the commit that began this attempt, a moment ago. */
  readonly isCovered?: boolean;
  /** How much right its call has to a scarce quota. */
  readonly lane?: OperationLane;
}

/**
 * `operator`: a person asked for it; `interactive`: somebody waits for the answer; `alone`: so too, but it can go together
 * with others and needs no permit of its own while they are scarce; `aged`: has waited long; `background`: nobody waits.
 */
export type OperationLane = 'operator' | 'interactive' | 'alone' | 'aged' | 'background';

/** Operations that can go together in one call, which costs one permit; for when permits are scarce. */
export interface BatchHandler {
  /** How many may go together now; 0: none at all; 1: another batch has to be understood first. */
  readonly size: number;
  /** Whether answers to batches have been understood so far; until then one goes at a time. */
  readonly isProven: boolean;
  /**
   * One call for all of them: what was said of each, or failed to be said, in their order. `beforeSend` as for one.
   * @throws ProviderError when it is the same for all
   */
  readonly send: (
    operations: readonly StoredOperation[],
    beforeSend: () => void,
  ) => Promise<readonly (Outcome | ProviderError)[]>;
}

/** For operations that change a resource: they are sent one at a time, in the order in which they were recorded. */
export interface ResourceOrder {
  /** The parts of the resource that an operation sets, from its detail; `all`: nothing of it stays as it was. */
  readonly partsOf: (detail: JsonObject) => 'all' | ReadonlySet<string>;
  /** Why an operation is not sent any more once a later one has set a part that it would set. */
  readonly superseded: Failure;
}

/** How long and how often an operation is tried again. */
export interface RetryPolicy {
  readonly baseMs: number;
  readonly capMs: number;
  /** Since its creation or release; then it is parked for an operator. */
  readonly giveUpAfterMs: number;
}

export interface OperationHandler {
  readonly type: string;
  /** Whether a doubtful call may be made again with the same data. If not, doubt makes it `unknown`. */
  readonly repeatable: boolean;
  /** Longest time the one call may take, from connection to the end of the body, in milliseconds. */
  readonly deadlineMs: number;
  readonly retry: RetryPolicy;
  /** What becomes of the transaction's resource, unless the provider's answer says it better. */
  readonly resourceStatus?: { readonly succeeded: string; readonly failed: string; readonly unknown: string };
  /** Absent where the order of sending does not matter. */
  readonly order?: ResourceOrder;
  /** `nextStep` while the provider works on it. */
  readonly waitingFor: string;
  /**
   * Makes the call. `beforeSend` must run immediately before the first byte leaves: it throws when another instance has
   * taken the operation over.
   * @throws ProviderError
   */
  readonly send: (operation: StoredOperation, beforeSend: () => void) => Promise<Outcome>;
  /** Absent where the provider has no such call. Its deadline is `deadlineMs` too. */
  readonly batch?: BatchHandler;
  /** Asks how an accepted operation ended. @throws ProviderError */
  readonly poll?: (operation: StoredOperation) => Promise<Outcome>;
}

/** A balance that was paid in at the provider and is used up by operations. */
export interface BalanceSource {
  /** How often it is asked for, in milliseconds. */
  readonly everyMs: number;
  /** Maximum staleness of a reported balance, in milliseconds. */
  readonly lagMs: number;
  /** Levels below which an alarm is raised, as decimals in the balance's currency. */
  readonly lowLevels: readonly string[];
  /** The reported balance, as an exact decimal. @throws ProviderError */
  readonly read: () => Promise<{ readonly balance: string; readonly currency: string | null }>;
}

/** A provider as the rest of the gateway sees it. */
export interface ProviderDefinition {
  /** Of its manifest. */
  readonly name: string;
  readonly operations: readonly OperationHandler[];
  readonly balance?: BalanceSource;
  /** What an inbound notification says, when the provider sends any. Total: never throws. */
  readonly readNotification?: (raw: string) => NotificationReading;
  /** Prepares what a demo app needs; repeatable. For an embedded database with nothing but simulated providers. */
  readonly seedDemo?: () => Promise<void>;
}

/** An inbound notification, understood or not. */
export type NotificationReading =
  | { readonly kind: 'unreadable'; readonly reason: string }
  | {
      readonly kind: 'final';
      readonly correlationId: string;
      readonly outcome: Extract<Outcome, { kind: 'succeeded' | 'declined' }>;
    }
  | { readonly kind: 'not-final'; readonly correlationId: string; readonly status: string };

export type { Json, JsonObject };
