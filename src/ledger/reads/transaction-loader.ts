/** Statements under way at the same time; what arrives meanwhile goes out together with the next. */
const MAX_UNDER_WAY = 2;
const MAX_IDS = 100;

interface Asking<Value> {
  readonly resolve: (value: Value | null) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Single rows that are asked for at about the same time are read by one statement, as writes are committed together: a
 * round trip costs as much for a hundred as for one. No timer: what is asked for alone is read at once. A row is never
 * taken from a statement that was sent before it was asked for.
 */
export class TransactionLoader<Value extends { readonly id: string }> {
  private waiting = new Map<string, Asking<Value>[]>();
  private underWay = 0;
  private isBegun = false;

  constructor(private readonly load: (ids: readonly string[]) => Promise<readonly Value[]>) {}

  /** null: there is none. Rejects with the error of the statement. */
  get(id: string): Promise<Value | null> {
    return new Promise((resolve, reject) => {
      const others = this.waiting.get(id);
      if (others) others.push({ resolve, reject });
      else this.waiting.set(id, [{ resolve, reject }]);
      this.begin();
    });
  }

  /** After this turn's I/O callbacks: what was read from the sockets together is looked up together. */
  private begin(): void {
    if (this.isBegun || this.underWay >= MAX_UNDER_WAY) return;
    this.isBegun = true;
    setImmediate(() => {
      this.isBegun = false;
      void this.read(this.take());
    });
  }

  private take(): ReadonlyMap<string, Asking<Value>[]> {
    if (this.waiting.size <= MAX_IDS) {
      const all = this.waiting;
      this.waiting = new Map();
      return all;
    }
    const taken = new Map([...this.waiting].slice(0, MAX_IDS));
    for (const id of taken.keys()) this.waiting.delete(id);
    return taken;
  }

  private async read(asked: ReadonlyMap<string, Asking<Value>[]>): Promise<void> {
    this.underWay += 1;
    if (this.waiting.size > 0) this.begin();
    try {
      const found = new Map((await this.load([...asked.keys()])).map((value) => [value.id, value]));
      for (const [id, all] of asked) for (const one of all) one.resolve(found.get(id) ?? null);
    } catch (error) {
      for (const all of asked.values()) for (const one of all) one.reject(error);
    } finally {
      this.underWay -= 1;
      if (this.waiting.size > 0) this.begin();
    }
  }
}
