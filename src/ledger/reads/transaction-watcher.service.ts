import { Injectable } from '@nestjs/common';
import { Every } from '../../jobs/every.decorator.js';
import { Ledger } from '../ledger.service.js';
import { LedgerReader } from './ledger-reader.service.js';
import { endsWait } from '../model/status-transitions.js';
import type { Transaction } from '../model/transaction.js';

/** Changes by other instances are seen after at most this time. */
const POLL_MS = 1_000;

interface Waiter {
  readonly known: Transaction;
  readonly isDone: (transaction: Transaction) => boolean;
  readonly finish: (transaction: Transaction) => void;
}

/** Waits for changes of transactions: changes of this process are seen at once, those of other instances by polling. */
@Injectable()
export class TransactionWatcher {
  private readonly waiters = new Map<string, Set<Waiter>>();
  private released = false;

  constructor(
    ledger: Ledger,
    private readonly reader: LedgerReader,
  ) {
    ledger.changes.on('changed', (id) => {
      if (this.waiters.has(id)) void this.check([id]);
    });
  }

  @Every(POLL_MS)
  async checkAll(): Promise<void> {
    await this.check([...this.waiters.keys()]);
  }

  /** Ends all waiting, now and later, with the last known state: the process is about to end. */
  release(): void {
    this.released = true;
    for (const waiters of [...this.waiters.values()]) for (const { known, finish } of [...waiters]) finish(known);
  }

  /** Resolves when the transaction is final or `unknown`, or after `waitMs` with its current state. */
  untilEnd(known: Transaction, waitMs: number): Promise<Transaction> {
    return this.until(known, waitMs, (current) => endsWait(current.status));
  }

  /** Resolves when the transaction has changed, or after `waitMs`; at once when it cannot change any more by itself. */
  async untilChange(known: Transaction, waitMs: number): Promise<Transaction> {
    if (endsWait(known.status)) return known;
    return this.until(known, waitMs, (current) => current.version !== known.version);
  }

  private async until(
    known: Transaction,
    waitMs: number,
    isDone: (transaction: Transaction) => boolean,
  ): Promise<Transaction> {
    if (waitMs <= 0 || this.released || isDone(known)) return known;
    return new Promise((resolve) => {
      const waiter: Waiter = {
        known,
        isDone,
        finish: (transaction) => {
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
      // The transaction may have changed after the caller read it.
      void this.check([known.id]);
    });
  }

  private remove(id: string, waiter: Waiter): void {
    const waiters = this.waiters.get(id);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.waiters.delete(id);
  }

  private async check(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    // The next check makes up for a failed one. The caller's time limit applies in any case.
    const found = await this.reader.findMany(ids).catch((): Transaction[] => []);
    for (const transaction of found) {
      for (const waiter of this.waiters.get(transaction.id) ?? []) {
        if (waiter.isDone(transaction)) waiter.finish(transaction);
      }
    }
  }
}
