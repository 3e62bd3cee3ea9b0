import { waitOut } from './wait-out.js';
import { Problem } from '../common/problem.js';

interface Waiting<Row, Result> {
  readonly row: Row;
  readonly keys: readonly string[];
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitOptions<Row, Result> {
  /**
   * Writes all rows with one commit and answers in their order. `retried`: an earlier try of the same rows may have
   * been committed although its answer was lost.
   */
  readonly write: (rows: readonly Row[], retried: boolean) => Promise<readonly Result[]>;
  /** Rows that share a key never go into one batch: the later one must see what the earlier one did. */
  readonly keysOf: (row: Row) => readonly string[];
  readonly maxRows: number;
  /** More are refused: a queue that can only grow helps nobody. */
  readonly maxWaitingRows: number;
  /** How long a batch is tried again while the database cannot be reached. */
  readonly retryForMs: number;
  readonly onBatch: (rows: number) => void;
}

/**
 * Group commit by natural batching: while one commit is under way the rows that arrive are collected and go out
 * together in the next. No timer: a row that arrives alone is written at once.
 */
export class GroupCommit<Row, Result> {
  private waiting: Waiting<Row, Result>[] = [];
  private running = false;

  constructor(private readonly options: GroupCommitOptions<Row, Result>) {}

  /** @throws Problem `overloaded` when too much waits already or the database stays away; the row's own error otherwise. */
  push(row: Row): Promise<Result> {
    if (this.waiting.length >= this.options.maxWaitingRows) {
      return Promise.reject(
        new Problem('overloaded', 'Too many requests are waiting to be recorded; retry shortly.', {
          retryAfterSeconds: 1,
        }),
      );
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ row, keys: this.options.keysOf(row), resolve, reject });
      if (!this.running) {
        this.running = true;
        // After this turn's I/O callbacks: requests that were read together are written together.
        setImmediate(() => void this.drain());
      }
    });
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) await this.writeBatch(this.takeBatch());
    this.running = false;
  }

  private takeBatch(): Waiting<Row, Result>[] {
    const taken: Waiting<Row, Result>[] = [];
    const left: Waiting<Row, Result>[] = [];
    const keys = new Set<string>();
    for (const entry of this.waiting) {
      if (taken.length >= this.options.maxRows || entry.keys.some((key) => keys.has(key))) left.push(entry);
      else taken.push(entry);
      // Also the keys of those left behind: a row must not overtake an earlier one that shares a key with it.
      for (const key of entry.keys) keys.add(key);
    }
    this.waiting = left;
    return taken;
  }

  private async writeBatch(batch: readonly Waiting<Row, Result>[]): Promise<void> {
    try {
      const rows = batch.map((entry) => entry.row);
      const { retryForMs, write } = this.options;
      const results = await waitOut(retryForMs, (retried) => write(rows, retried));
      this.options.onBatch(batch.length);
      batch.forEach((entry, index) => {
        const result = results[index];
        if (result === undefined) entry.reject(new Error('a batch answered fewer rows than it was given'));
        else entry.resolve(result);
      });
    } catch (error) {
      const single = batch[0];
      if (batch.length === 1 && single) single.reject(error);
      else if (error instanceof Problem) for (const entry of batch) entry.reject(error);
      // One row's error never fails its neighbours: each is tried by itself.
      else for (const entry of batch) await this.writeBatch([entry]);
    }
  }
}
