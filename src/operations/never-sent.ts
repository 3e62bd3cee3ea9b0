import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { newUuid } from '../ids.js';
import { Ledger } from '../ledger/ledger.js';
import { LedgerReader } from '../ledger/reader.js';
import type { Transaction } from '../ledger/transaction.js';
import { describeError, logger } from '../log.js';
import { metrics } from '../metrics.js';
import { judgeNeverSent } from './judge.js';
import { ConnectorRegistry } from './registry.js';

const LOOK_MS = 500;
/** PostgreSQL ends a statement after 30 s; a commit that waits for a standby or a disk may take longer. */
const WATCH_MS = 300_000;
/** A process that ends waits this long for a late commit. */
const URGENT_MS = 20_000;
const MAX_WATCHED = 100_000;
const MAX_IDS = 500;

/**
 * Records whose commit was not confirmed in time: the caller got that answer, and nothing was sent. If such a record turns
 * up later, the attempt that began with it is given back here. Only this process knows that it never left: when it dies
 * before, the attempt counts as interrupted, as any other whose maker is gone.
 */
@Injectable()
export class NeverSent implements OnModuleDestroy {
  /** When each is given up, on the monotonic clock. */
  private readonly watched = new Map<string, number>();
  private looking = false;
  private stopped = false;

  constructor(
    private readonly ledger: Ledger,
    private readonly reader: LedgerReader,
    private readonly registry: ConnectorRegistry,
  ) {}

  /** How many the process should not end without. */
  get urgent(): number {
    const since = performance.now() + WATCH_MS - URGENT_MS;
    return [...this.watched.values()].filter((until) => until > since).length;
  }

  onModuleDestroy(): void {
    this.stopped = true;
  }

  /** Of a transaction that this process recorded, perhaps, and will never send. */
  watch(id: string): void {
    if (this.watched.size >= MAX_WATCHED) {
      metrics.alarms.inc({ kind: 'record_unconfirmed' });
      logger.error({ transactionId: id }, 'a record was not confirmed, and too many others are watched for');
      return;
    }
    this.watched.set(id, performance.now() + WATCH_MS);
    if (this.looking) return;
    this.looking = true;
    this.lookOn().catch((error: unknown) => {
      this.looking = false;
      metrics.alarms.inc({ kind: 'record_unconfirmed' });
      logger.error({ ...describeError(error) }, 'unconfirmed records are not watched for any more');
    });
  }

  private async lookOn(): Promise<void> {
    while (this.watched.size > 0 && !this.stopped) {
      await sleep(LOOK_MS, undefined, { ref: false });
      await this.look();
    }
    this.looking = false;
  }

  private async look(): Promise<void> {
    const now = performance.now();
    const ids = [...this.watched.keys()];
    try {
      for (let from = 0; from < ids.length; from += MAX_IDS) {
        const found = await this.reader.findMany(ids.slice(from, from + MAX_IDS));
        await Promise.all(found.map((transaction) => this.giveBack(transaction)));
      }
      // Only what could be looked for is given up.
      for (const [id, until] of this.watched) if (until < now) this.watched.delete(id);
    } catch (error) {
      logger.warn({ rows: ids.length, ...describeError(error) }, 'unconfirmed records could not be looked for');
    }
  }

  private async giveBack(transaction: Transaction): Promise<void> {
    const { id, type } = transaction;
    const verdict = judgeNeverSent(this.registry.handler(type), transaction);
    if (verdict) {
      const actor = 'gateway';
      const { moved } = await this.ledger.settle(transaction, {
        ...verdict,
        epoch: transaction.epoch,
        actor,
        eventId: newUuid(),
      });
      // It has just become something else: looked at again.
      if (!moved) return;
      logger.warn({ transactionId: id, type }, 'a record that was confirmed too late has been given back');
    }
    this.watched.delete(id);
  }
}
