type Turn = (isTaken: boolean) => void;

/**
 * One piece of work at a time. The keys that wait take turns; within a key the newest and the oldest do: a caller
 * during a flood of the same key need not wait until the whole flood is over.
 */
export class FairLane {
  /** By key, in the order of the next turns. */
  private readonly waiting = new Map<string, Turn[]>();
  private isBusy = false;
  private takesNewest = false;

  constructor(private readonly maxWaitingPerKey: number) {}

  /** null: too much work waits under that key, and this piece, the oldest, has been given up. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T | null> {
    if (!(await this.turn(key))) return null;
    try {
      return await work();
    } finally {
      this.next();
    }
  }

  private turn(key: string): Promise<boolean> {
    if (!this.isBusy) {
      this.isBusy = true;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const turns = this.waiting.get(key) ?? [];
      turns.push(resolve);
      this.waiting.set(key, turns);
      if (turns.length > this.maxWaitingPerKey) turns.shift()?.(false);
    });
  }

  private next(): void {
    const first = this.waiting.entries().next();
    if (first.done) {
      this.isBusy = false;
      return;
    }
    const [key, turns] = first.value;
    this.waiting.delete(key);
    this.takesNewest = !this.takesNewest;
    const turn = this.takesNewest ? turns.pop() : turns.shift();
    if (turns.length > 0) this.waiting.set(key, turns);
    turn?.(true);
  }
}
