import { retryWhileUnavailable } from './wait-out.js';
import { Problem } from '../common/problem.js';

interface Waiting<Row, Result> {
  readonly row: Row;
  readonly keys: readonly string[];
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitOptions<Row, Result> {
  /**
   * Writes all rows in one commit and returns the results in their order. `retried`: an earlier attempt with the same
   * rows may have been committed although its response was lost.
   */
  readonly write: (rows: readonly Row[], retried: boolean) => Promise<readonly Result[]>;
  /** Rows that share a key are never in one batch, because the later row must see the effect of the earlier one. */
  readonly keysOf: (row: Row) => readonly string[];
  readonly maxRows: number;
  /** Further rows are refused: a longer queue would only grow. */
  readonly maxWaitingRows: number;
  /** Time for which a batch is retried while the database cannot be reached. */
  readonly retryForMs: number;
  readonly onBatch: (rows: number) => void;
}

/**
 * Group commit by natural batching: rows that arrive during a commit are written together by the next one. There is no
 * timer: a single row is written at once.
 */
export class GroupCommit<Row, Result> {
  private waiting: Waiting<Row, Result>[] = [];
  private running = false;

  constructor(private readonly options: GroupCommitOptions<Row, Result>) {}

  /**
   * @throws Problem `overloaded` when the queue is full or the database stays unavailable; otherwise the row's own
   * error
   */
  push(row: Row): Promise<Result> {
    if (this.waiting.length >= this.options.maxWaitingRows) {
      return Promise.reject(
        new Problem('overloaded', 'Too many requests are waiting to be recorded. Retry shortly.', {
          retryAfterSeconds: 1,
        }),
      );
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ row, keys: this.options.keysOf(row), resolve, reject });
      if (!this.running) {
        this.running = true;
        // After the I/O callbacks of this turn, so that requests that were read together are written together.
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
      // Includes the keys of rows that must wait: a row must not overtake an earlier one with the same key.
      for (const key of entry.keys) keys.add(key);
    }
    this.waiting = left;
    return taken;
  }

  private async writeBatch(batch: readonly Waiting<Row, Result>[]): Promise<void> {
    try {
      const rows = batch.map((entry) => entry.row);
      const { retryForMs, write } = this.options;
      const results = await retryWhileUnavailable(retryForMs, (retried) => write(rows, retried));
      this.options.onBatch(batch.length);
      batch.forEach((entry, index) => {
        const result = results[index];
        if (result === undefined) entry.reject(new Error('a batch returned fewer results than rows'));
        else entry.resolve(result);
      });
    } catch (error) {
      const single = batch[0];
      if (batch.length === 1 && single) single.reject(error);
      else if (error instanceof Problem) for (const entry of batch) entry.reject(error);
      // The error of one row must not fail the others: each row is retried alone.
      else for (const entry of batch) await this.writeBatch([entry]);
    }
  }
}
