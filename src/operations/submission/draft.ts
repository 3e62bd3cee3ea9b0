import type { NewResource } from '../../ledger/model/new-transaction.js';
import type { JsonObject } from '../../ledger/model/transaction.js';
import type { Secret } from '../../connector/connector.js';

/** What a provider's route asks for: checked, translated, and not yet recorded. */
export interface Draft {
  /** Chosen by the route, because the bytes to be sent carry it. */
  readonly id: string;
  readonly type: string;
  readonly provider: string;
  readonly reference: string | null;
  /** Within which the reference is unique; default: the app. */
  readonly referenceScope?: string;
  readonly quantity: { readonly amount: bigint; readonly unit: string } | null;
  readonly detail: JsonObject;
  readonly secret: Secret;
  readonly metadata: JsonObject;
  /** Held until then; default: sent at once. */
  readonly releaseAt?: Date;
  /** Not sent before that time, though it is not held: it can be neither changed nor canceled. */
  readonly sendAfter?: Date;
  readonly expiresInMs?: number;
  readonly resourceId?: string;
  readonly resource?: Omit<NewResource, 'sealed'>;
  /** Text that is equal for what may be a duplicate by mistake. */
  readonly duplicateOf?: string;
  readonly allowDuplicate?: boolean;
  /** Paid from the float at the provider, of which so much may be spent (a decimal up to 1). */
  readonly cover?: { readonly safety: string };
}
