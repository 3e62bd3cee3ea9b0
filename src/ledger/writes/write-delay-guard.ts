/** Tracks the rows that are being written, oldest first. The wait of the oldest predicts the wait of a new row. */
export class WriteDelayGuard {
  private readonly waiting = new Set<{ readonly sinceMs: number }>();

  constructor(private readonly limits: { readonly rows: number; readonly ms: number }) {}

  /** True when too many rows wait and the oldest one has waited too long: a new row should be refused then. */
  get isExhausted(): boolean {
    if (this.waiting.size < this.limits.rows) return false;
    const oldest = this.waiting.values().next();
    return !oldest.done && performance.now() - oldest.value.sinceMs > this.limits.ms;
  }

  async during<T>(work: Promise<T>): Promise<T> {
    const entry = { sinceMs: performance.now() };
    this.waiting.add(entry);
    try {
      return await work;
    } finally {
      this.waiting.delete(entry);
    }
  }
}
