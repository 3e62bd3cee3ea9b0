const WINDOW_MS = 250;

/** How much is under way, and how long that takes at the pace of the last moments. */
export class Pace {
  private open = 0;
  private ended = 0;
  /** null: it has not been busy long enough. */
  private endedPerMs: number | null = null;
  private sinceMs = 0;

  get underWay(): number {
    return this.open;
  }

  begin(): void {
    if (this.open === 0) {
      // What was before a quiet moment tells nothing.
      this.endedPerMs = null;
      this.ended = 0;
      this.sinceMs = performance.now();
    }
    this.open += 1;
  }

  end(): void {
    this.open -= 1;
    this.ended += 1;
  }

  /** Until what is under way now has ended, in milliseconds; Infinity while nothing ends, 0 while nobody can say. */
  get expectedMs(): number {
    const nowMs = performance.now();
    const forMs = nowMs - this.sinceMs;
    if (forMs >= WINDOW_MS) {
      const last = this.ended / forMs;
      this.endedPerMs = this.endedPerMs === null ? last : (this.endedPerMs + last) / 2;
      this.ended = 0;
      this.sinceMs = nowMs;
    }
    return this.endedPerMs === null ? 0 : this.open / this.endedPerMs;
  }
}
