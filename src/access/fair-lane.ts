type Turn = (isTaken: boolean) => void;

/**
 * Runs one piece of work at a time. Waiting keys take turns. Within a key, the newest and the oldest work alternate, so
 * that a caller does not have to wait for the end of a flood with the same key.
 */
export class FairLane {
  /** Waiting work by key, in the order of the next turns. */
  private readonly waiting = new Map<string, Turn[]>();
  private isBusy = false;
  private takesNewest = false;

  constructor(private readonly maxWaitingPerKey: number) {}

  /** null: too much work waits under the key, and this work was dropped as the oldest. */
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
