/** Concurrent statements. Reads that arrive meanwhile share the next statement. */
const MAX_CONCURRENT = 2;
const MAX_IDS = 100;

interface PendingRead<Value> {
  readonly resolve: (value: Value | null) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads rows that are requested at about the same time with one statement: a round trip costs the same for a hundred
 * rows as for one. There is no timer: a single request is read at once. A request never gets a row from a statement
 * that was sent before the request.
 */
export class TransactionLoader<Value extends { readonly id: string }> {
  private waiting = new Map<string, PendingRead<Value>[]>();
  private running = 0;
  private isBegun = false;

  constructor(private readonly load: (ids: readonly string[]) => Promise<readonly Value[]>) {}

  /** null: the row does not exist. Rejects with the error of the statement. */
  get(id: string): Promise<Value | null> {
    return new Promise((resolve, reject) => {
      const others = this.waiting.get(id);
      if (others) others.push({ resolve, reject });
      else this.waiting.set(id, [{ resolve, reject }]);
      this.begin();
    });
  }

  /** Starts after the I/O callbacks of this turn, so that requests that arrived together are read together. */
  private begin(): void {
    if (this.isBegun || this.running >= MAX_CONCURRENT) return;
    this.isBegun = true;
    setImmediate(() => {
      this.isBegun = false;
      void this.read(this.take());
    });
  }

  private take(): ReadonlyMap<string, PendingRead<Value>[]> {
    if (this.waiting.size <= MAX_IDS) {
      const all = this.waiting;
      this.waiting = new Map();
      return all;
    }
    const taken = new Map([...this.waiting].slice(0, MAX_IDS));
    for (const id of taken.keys()) this.waiting.delete(id);
    return taken;
  }

  private async read(requests: ReadonlyMap<string, PendingRead<Value>[]>): Promise<void> {
    this.running += 1;
    if (this.waiting.size > 0) this.begin();
    try {
      const found = new Map((await this.load([...requests.keys()])).map((value) => [value.id, value]));
      for (const [id, all] of requests) for (const request of all) request.resolve(found.get(id) ?? null);
    } catch (error) {
      for (const all of requests.values()) for (const request of all) request.reject(error);
    } finally {
      this.running -= 1;
      if (this.waiting.size > 0) this.begin();
    }
  }
}
