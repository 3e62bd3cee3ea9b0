const SLICE_MS = 500;

/** Counts what is under way, and how much of that came only lately, in slices of half a second. */
export class InFlightCounter {
  /** By the slice in which it came. */
  private readonly counts = new Map<number, number>();

  begin(atMs: number): void {
    const slice = Math.floor(atMs / SLICE_MS);
    this.counts.set(slice, (this.counts.get(slice) ?? 0) + 1);
  }

  /** With the time at which it began. */
  end(atMs: number): void {
    const slice = Math.floor(atMs / SLICE_MS);
    const count = (this.counts.get(slice) ?? 1) - 1;
    if (count > 0) this.counts.set(slice, count);
    else this.counts.delete(slice);
  }

  /** How much of it is not older than so many milliseconds, or up to a slice more. */
  since(ageMs: number, nowMs: number): number {
    let count = 0;
    for (let slice = Math.floor(nowMs / SLICE_MS); (slice + 1) * SLICE_MS > nowMs - ageMs; slice -= 1) {
      count += this.counts.get(slice) ?? 0;
    }
    return count;
  }
}
