const SLICE_MS = 500;

/** Counts requests in progress by the time at which they began, in slices of half a second. */
export class InFlightCounter {
  /** Requests in progress by the slice in which they began. */
  private readonly counts = new Map<number, number>();

  begin(atMs: number): void {
    const slice = Math.floor(atMs / SLICE_MS);
    this.counts.set(slice, (this.counts.get(slice) ?? 0) + 1);
  }

  /** `atMs`: the time at which the request began. */
  end(atMs: number): void {
    const slice = Math.floor(atMs / SLICE_MS);
    const count = (this.counts.get(slice) ?? 1) - 1;
    if (count > 0) this.counts.set(slice, count);
    else this.counts.delete(slice);
  }

  /** The number of requests in progress that began at most `ageMs` milliseconds ago, or up to one slice more. */
  startedWithin(ageMs: number, nowMs: number): number {
    let count = 0;
    for (let slice = Math.floor(nowMs / SLICE_MS); (slice + 1) * SLICE_MS > nowMs - ageMs; slice -= 1) {
      count += this.counts.get(slice) ?? 0;
    }
    return count;
  }
}
