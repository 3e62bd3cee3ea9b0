/** What is being written, oldest first: how long the next one would have to wait is at least how long that has waited. */
export class WriteDelayGuard {
  private readonly waiting = new Set<{ readonly sinceMs: number }>();

  constructor(private readonly limits: { readonly rows: number; readonly ms: number }) {}

  /** So many wait, and the first of them so long, that one more had better come again. */
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
