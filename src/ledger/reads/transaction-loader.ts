import DataLoader from 'dataloader';

/** Reads that arrive while this many statements are in progress share the next one. */
const MAX_STATEMENTS = 2;
const MAX_IDS = 100;

/**
 * Reads single rows that are requested at about the same time with one statement: a round trip costs as much for a
 * hundred rows as for one. There is no delay: a row that is requested alone is read at once. A row never comes from a
 * statement that was sent before the request, so nothing is cached.
 */
export class TransactionLoader<Value extends { readonly id: string }> {
  private readonly loader: DataLoader<string, Value | null>;
  private readonly waiting: (() => void)[] = [];
  private inProgress = 0;

  constructor(private readonly load: (ids: readonly string[]) => Promise<readonly Value[]>) {
    this.loader = new DataLoader((ids) => this.read(ids), {
      cache: false,
      maxBatchSize: MAX_IDS,
      batchScheduleFn: (send) => this.schedule(send),
    });
  }

  /** null: there is no such row. Rejects with the error of the statement. */
  get(id: string): Promise<Value | null> {
    return this.loader.load(id);
  }

  private schedule(send: () => void): void {
    if (this.inProgress >= MAX_STATEMENTS) this.waiting.push(send);
    else this.begin(send);
  }

  /** After the I/O callbacks of this turn: requests that arrived from the sockets together are read together. */
  private begin(send: () => void): void {
    this.inProgress += 1;
    setImmediate(send);
  }

  private async read(ids: readonly string[]): Promise<(Value | null)[]> {
    try {
      const found = new Map((await this.load([...new Set(ids)])).map((value) => [value.id, value]));
      return ids.map((id) => found.get(id) ?? null);
    } finally {
      this.inProgress -= 1;
      const next = this.waiting.shift();
      if (next) this.begin(next);
    }
  }
}
