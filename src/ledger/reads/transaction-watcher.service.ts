import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Ledger } from '../ledger.service.js';
import { LedgerReader } from './ledger-reader.service.js';
import type { Transaction } from '../model/transaction.js';

/** Changes made by other instances are seen so late at most. */
const POLL_MS = 1_000;

interface Waiter {
  readonly known: Transaction;
  readonly enough: (transaction: Transaction) => boolean;
  readonly done: (transaction: Transaction) => void;
}

/** Holds answers until a transaction has changed: at once for changes of this process, by polling for all others. */
@Injectable()
export class TransactionWatcher implements OnModuleDestroy {
  private readonly waiters = new Map<string, Set<Waiter>>();
  private readonly timer: NodeJS.Timeout;
  private released = false;

  constructor(
    ledger: Ledger,
    private readonly reader: LedgerReader,
  ) {
    ledger.changes.on('changed', (id) => {
      if (this.waiters.has(id)) void this.look([id]);
    });
    this.timer = setInterval(() => void this.look([...this.waiters.keys()]), POLL_MS);
    this.timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** Answers everybody with what they knew, for good: the process is about to end. */
  release(): void {
    this.released = true;
    for (const waiters of [...this.waiters.values()]) for (const { known, done } of [...waiters]) done(known);
  }

  /**
   * Resolves with the first state that is `enough`, or after `waitMs` with the transaction as it is then. Pass what is
   * known already; it is not read again when it is enough.
   */
  async until(known: Transaction, waitMs: number, enough: (transaction: Transaction) => boolean): Promise<Transaction> {
    if (waitMs <= 0 || this.released || enough(known)) return known;
    return new Promise((resolve) => {
      const waiter: Waiter = {
        known,
        enough,
        done: (transaction) => {
          clearTimeout(timer);
          this.remove(known.id, waiter);
          resolve(transaction);
        },
      };
      const timer = setTimeout(() => {
        this.remove(known.id, waiter);
        void this.reader.find(known.id, known.appId).then(
          (current) => resolve(current ?? known),
          () => resolve(known),
        );
      }, waitMs);
      const others = this.waiters.get(known.id) ?? new Set();
      this.waiters.set(known.id, others.add(waiter));
      // It may have changed between the caller's reading and this line.
      void this.look([known.id]);
    });
  }

  private remove(id: string, waiter: Waiter): void {
    const waiters = this.waiters.get(id);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.waiters.delete(id);
  }

  private async look(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    // A failed look is made good by the next one; the caller's own time limit holds whatever happens.
    const found = await this.reader.findMany(ids).catch((): Transaction[] => []);
    for (const transaction of found) {
      for (const waiter of this.waiters.get(transaction.id) ?? []) {
        if (waiter.enough(transaction)) waiter.done(transaction);
      }
    }
  }
}
