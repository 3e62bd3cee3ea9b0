import type { NewResource } from '../../ledger/model/new-transaction.js';
import type { JsonObject } from '../../ledger/model/transaction.js';
import type { Secret } from '../../connector/connector.js';

/** A valid request of a provider's route, translated and not recorded yet. */
export interface Draft {
  /** Chosen by the route: the bytes to be sent may contain it. */
  readonly id: string;
  readonly type: string;
  readonly provider: string;
  readonly reference: string | null;
  /** The scope in which the reference is unique; default: the app. */
  readonly referenceScope?: string;
  readonly quantity: { readonly amount: bigint; readonly unit: string } | null;
  readonly detail: JsonObject;
  readonly secret: Secret;
  readonly metadata: JsonObject;
  /** Held until this time, and can be changed or canceled until then; default: sent at once. */
  readonly releaseAt?: Date;
  /** Not sent before this time. It is not held: it can be neither changed nor canceled. */
  readonly sendAfter?: Date;
  readonly expiresInMs?: number;
  readonly resourceId?: string;
  readonly resource?: Omit<NewResource, 'sealed'>;
  /** Requests with the same text may be duplicates by mistake. */
  readonly duplicateOf?: string;
  readonly allowDuplicate?: boolean;
  /** Paid from the float at the provider. `safety`: the part of the float that may be spent, a decimal up to 1. */
  readonly cover?: { readonly safety: string };
}
