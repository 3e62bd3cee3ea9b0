import type { DeliveredType } from '../events/gateway-event-types.js';
import type { SendResult } from '../sending/webhook-http.service.js';

export const DELIVERY_STATES = ['pending', 'delivered', 'refused', 'expired'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** A delivery that this instance may send until its lease ends. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly endpointId: string;
  /** null: an endpoint of the operators. */
  readonly appId: string | null;
  /** The event's own id when it is not of a transaction. */
  readonly transactionId: string;
  /** 0 when the event is not of a transaction. */
  readonly seq: number;
  readonly eventId: string;
  readonly type: DeliveredType;
  readonly attempts: number;
  readonly refusals: number;
  /** Earlier attempts that found the endpoint down. */
  readonly outages: number;
  /**
   * Sent again: it is signed with the present secret alone, and shows nothing of the endpoint's health unless it is a
   * probe.
   */
  readonly isReplay: boolean;
  /** True when the endpoint was down: this delivery finds out whether it still is. */
  readonly isProbe: boolean;
  readonly failures: number;
  /** The same for replayed deliveries, while the endpoint is up for live ones. */
  readonly replayFailures: number;
  /** Milliseconds from the commit of the event to the claim. */
  readonly waitedMs: number;
  /** Attempts that may be in progress at once at the endpoint. */
  readonly window: number;
  /** The claim took all that the endpoint had room for: more may wait. */
  readonly isFull: boolean;
  readonly url: string;
  /** Sealed; null: destroyed with the data of the app. */
  readonly secret: Buffer | null;
  /** They sign too; null: none. */
  readonly previousSecrets: readonly Buffer[] | null;
}

/** What an answer, or its absence, means. */
export type Verdict =
  | { readonly kind: 'delivered' }
  /** The endpoint does not take this event; others may pass. */
  | { readonly kind: 'refused'; readonly retryAfterMs: number | null }
  /** The endpoint takes nothing at the moment. */
  | { readonly kind: 'down'; readonly retryAfterMs: number | null }
  /** The endpoint wants nothing any more (410). */
  | { readonly kind: 'gone' };

const GONE = 410;
const TOO_MANY_REQUESTS = 429;

export function judge({ status, retryAfterMs }: SendResult): Verdict {
  if (status === null || status >= 500 || status === TOO_MANY_REQUESTS) return { kind: 'down', retryAfterMs };
  if (status === GONE) return { kind: 'gone' };
  return status >= 200 && status < 300 ? { kind: 'delivered' } : { kind: 'refused', retryAfterMs };
}
