/** A request that may be made, and where it is counted. */
export interface Permit {
  readonly slot: string;
}

/**
 * A stock lasts so long. Well below what a permit may take to reach the provider, and whoever hears of a block from
 * another instance alone hears of it so late at most.
 */
const LIFE_MS = 250;
/** At most this part of the budget is taken ahead. */
const MAX_PART = 200;

/**
 * Permits of a loose budget that were counted ahead of their use: as many as were used lately in the life of a stock. A
 * commit for each handful of requests would cost more than the requests. What is not used in time stays counted.
 */
export class PrefetchedPermits {
  private permits = 0;
  private slot = '';
  private filledAtMs = Number.NEGATIVE_INFINITY;
  private taken = 0;

  constructor(private readonly limit: number) {}

  /** null: more have to be asked for. */
  take(): Permit | null {
    this.taken += 1;
    if (this.permits === 0 || performance.now() - this.filledAtMs > LIFE_MS) return null;
    this.permits -= 1;
    return { slot: this.slot };
  }

  /** How many to ask for beside those that are needed at once; asked once for each filling. */
  spare(): number {
    const sinceMs = performance.now() - this.filledAtMs;
    const lately = sinceMs > 4 * LIFE_MS ? 0 : Math.ceil((this.taken * LIFE_MS) / Math.max(sinceMs, LIFE_MS));
    this.taken = 0;
    return Math.min(lately, Math.floor(this.limit / MAX_PART));
  }

  fill(permits: number, slot: string): void {
    this.permits = permits;
    this.slot = slot;
    this.filledAtMs = performance.now();
  }

  /** The provider wants a pause: what was taken ahead is not used. */
  clear(): void {
    this.permits = 0;
  }
}
