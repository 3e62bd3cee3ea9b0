import { LRUCache } from 'lru-cache';
import type { ClaimedDelivery } from './delivery.js';

/** With the 15 s of an attempt, less than the lease of 30 s. What has waited longer is given back. */
const MAX_WAIT_MS = 10_000;
/** An endpoint that takes longer for an answer is slow: nothing is claimed for it in advance. */
const SLOW_MS = 250;
/** More are forgotten. An endpoint that is forgotten is found to be slow again. */
const MAX_SLOW = 1_000;

/** A claimed delivery with what is sent. */
export interface LoadedDelivery {
  readonly delivery: ClaimedDelivery;
  /** null: the event is no longer there. */
  readonly body: string | null;
  /** By `performance.now()`. */
  readonly claimedAt: number;
}

interface Lane {
  readonly waiting: LoadedDelivery[];
  inProgress: number;
  /** The last claim took all that it could: more may wait in the database. */
  mayHaveMore: boolean;
}

/**
 * The deliveries that this instance has claimed, by endpoint. Each endpoint has at most its window in progress; the others
 * wait for their turn, in order.
 */
export class DeliveryLanes {
  private readonly lanes = new Map<string, Lane>();
  private readonly slowEndpoints = new LRUCache<string, true>({ max: MAX_SLOW });

  /** `start` sends one, and calls `leave` when its answer has come. `giveBack` gets those that are not sent. */
  constructor(
    private readonly start: (loaded: LoadedDelivery) => void,
    private readonly giveBack: (deliveries: readonly ClaimedDelivery[]) => void,
  ) {}

  add(claimed: readonly LoadedDelivery[]): void {
    for (const loaded of claimed) {
      const { endpointId, isFull } = loaded.delivery;
      const lane = this.lanes.get(endpointId) ?? { waiting: [], inProgress: 0, mayHaveMore: false };
      this.lanes.set(endpointId, lane);
      lane.waiting.push(loaded);
      lane.mayHaveMore = isFull;
    }
    for (const endpointId of new Set(claimed.map(({ delivery }) => delivery.endpointId))) this.fill(endpointId);
  }

  /** An attempt has ended. After one that found the endpoint down, the others are given back. */
  leave({ endpointId }: ClaimedDelivery, { isDown, durationMs }: { isDown: boolean; durationMs: number }): void {
    const lane = this.lanes.get(endpointId);
    if (!lane) return;
    lane.inProgress -= 1;
    if (durationMs > SLOW_MS) this.slowEndpoints.set(endpointId, true);
    else this.slowEndpoints.delete(endpointId);
    if (isDown) this.giveBack(lane.waiting.splice(0).map(({ delivery }) => delivery));
    this.fill(endpointId);
    if (lane.inProgress === 0 && lane.waiting.length === 0) this.lanes.delete(endpointId);
  }

  /** True, once, when an endpoint will soon have nothing left and more may wait in the database. */
  needsMore({ endpointId, isFull, window }: ClaimedDelivery): boolean {
    const lane = this.lanes.get(endpointId);
    if (!lane) return isFull;
    if (!lane.mayHaveMore || lane.waiting.length >= window) return false;
    lane.mayHaveMore = false;
    return true;
  }

  /** Endpoints for which nothing should be claimed in advance. */
  slow(): string[] {
    return [...this.slowEndpoints.keys()];
  }

  /** Gives back everything that has not begun. */
  clear(): void {
    for (const { waiting } of this.lanes.values()) this.giveBack(waiting.splice(0).map(({ delivery }) => delivery));
  }

  private fill(endpointId: string): void {
    const lane = this.lanes.get(endpointId);
    while (lane) {
      const [next] = lane.waiting;
      if (!next || lane.inProgress >= next.delivery.window) return;
      lane.waiting.shift();
      if (performance.now() - next.claimedAt > MAX_WAIT_MS) {
        this.giveBack([next.delivery]);
      } else {
        lane.inProgress += 1;
        this.start(next);
      }
    }
  }
}
