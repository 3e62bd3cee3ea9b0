/** The permission to make one request, and the slot in which it is counted. */
export interface Permit {
  readonly slot: string;
}

/**
 * The lifetime of prefetched permits. It is much shorter than `ARRIVAL_MARGIN_MS`. It is also the longest time until
 * this instance notices a block that another instance has recorded.
 */
const LIFE_MS = 250;
/** At most 1 / `MAX_PART` of the limit is prefetched. */
const MAX_PART = 200;

/**
 * Permits of a large quota that are counted before their use; the number follows the recent usage. A commit for every
 * few requests would cost more than the requests. Unused permits stay counted.
 */
export class PrefetchedPermits {
  private permits = 0;
  private slot = '';
  private filledAtMs = Number.NEGATIVE_INFINITY;
  private taken = 0;

  constructor(private readonly limit: number) {}

  /** null: there is none left; permits must be fetched from the database. */
  take(): Permit | null {
    this.taken += 1;
    if (this.permits === 0 || performance.now() - this.filledAtMs > LIFE_MS) return null;
    this.permits -= 1;
    return { slot: this.slot };
  }

  /** The number of permits to prefetch in addition to those needed now. Call it once for each `fill`. */
  prefetchCount(): number {
    const sinceMs = performance.now() - this.filledAtMs;
    const recentlyUsed = sinceMs > 4 * LIFE_MS ? 0 : Math.ceil((this.taken * LIFE_MS) / Math.max(sinceMs, LIFE_MS));
    this.taken = 0;
    return Math.min(recentlyUsed, Math.floor(this.limit / MAX_PART));
  }

  fill(permits: number, slot: string): void {
    this.permits = permits;
    this.slot = slot;
    this.filledAtMs = performance.now();
  }

  /** Drops the prefetched permits, because the provider demands a pause. */
  clear(): void {
    this.permits = 0;
  }
}
