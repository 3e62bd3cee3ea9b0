import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { alarm } from '../../common/alarm.js';
import { newUuid } from '../../common/ids.js';
import type { Claimed } from '../../ledger/reads/claimed.js';
import { Ledger } from '../../ledger/ledger.service.js';
import { LedgerReader } from '../../ledger/reads/ledger-reader.service.js';
import type { Transaction } from '../../ledger/model/transaction.js';
import { describeError, logger } from '../../common/log.js';
import { afterLostClaim, afterNeverSent, type Transition } from './outcome-policy.js';
import { ConnectorRegistry } from '../connector-registry.service.js';

const LOOK_MS = 500;
/**
 * Longest interval between two checks for claims, in milliseconds. A check reads all rows that are not final, so the
 * interval grows.
 */
const CLAIM_LOOK_MAX_MS = 2_000;
/** PostgreSQL ends a statement after 30 s; a commit that waits for a standby or a disk may take longer. */
const WATCH_MS = 300_000;
/** A process that ends waits for a late commit of a record for this time. */
const URGENT_RECORD_MS = 20_000;
/** A process that ends waits for one check of an unconfirmed claim for this time. Most such claims have no rows. */
const URGENT_CLAIM_MS = 10_000;
const MAX_WATCHED = 100_000;
const MAX_IDS = 500;

/** The watched commits by id. Times are those of `performance.now()`. */
type Watched = Map<string, { readonly until: number; readonly urgentUntil: number }>;

/**
 * Watches commits that were not confirmed: of records (the caller got an error) and of claims. Their attempts are never
 * sent. If such a commit appears in the database, its transactions become due again here. Only this process knows that
 * they were not sent: if it dies first, the attempts count as interrupted.
 */
@Injectable()
export class UnconfirmedCommits implements OnApplicationShutdown {
  private readonly records: Watched = new Map();
  private readonly claims: Watched = new Map();
  private claimPauseMs = LOOK_MS;
  private claimsDueAt = 0;
  private looking = false;
  private stopped = false;

  constructor(
    private readonly ledger: Ledger,
    private readonly reader: LedgerReader,
    private readonly registry: ConnectorRegistry,
  ) {
    ledger.changes.on('claimInDoubt', (claimId) => {
      this.claimPauseMs = LOOK_MS;
      this.claimsDueAt = 0;
      this.add(this.claims, claimId);
    });
  }

  /** Number of commits that the process should wait for before it ends. */
  get urgent(): number {
    const now = performance.now();
    return [...this.records.values(), ...this.claims.values()].filter(({ urgentUntil }) => urgentUntil > now).length;
  }

  /** Called after the graceful shutdown, which waits for urgent commits. */
  onApplicationShutdown(): void {
    this.stopped = true;
  }

  /** Watches a record whose commit was not confirmed. Its transaction must not be sent. */
  watch(id: string): void {
    this.add(this.records, id);
  }

  private add(watched: Watched, id: string): void {
    const about = watched === this.claims ? { claimId: id } : { transactionId: id };
    if (watched.size >= MAX_WATCHED) {
      alarm('record_unconfirmed', about, 'a commit was not confirmed, and too many others are already watched');
      return;
    }
    const now = performance.now();
    const urgentMs = watched === this.claims ? URGENT_CLAIM_MS : URGENT_RECORD_MS;
    watched.set(id, { until: now + WATCH_MS, urgentUntil: now + urgentMs });
    if (this.looking) return;
    this.looking = true;
    this.lookOn().catch((error: unknown) => {
      this.looking = false;
      alarm('record_unconfirmed', describeError(error), 'unconfirmed commits are no longer watched');
    });
  }

  private async lookOn(): Promise<void> {
    while (this.records.size + this.claims.size > 0 && !this.stopped) {
      await sleep(LOOK_MS, undefined, { ref: false });
      await this.look(this.records, (ids) => this.lookForRecords(ids));
      if (performance.now() >= this.claimsDueAt) await this.look(this.claims, (ids) => this.lookForClaims(ids));
    }
    this.looking = false;
  }

  private async look(watched: Watched, lookFor: (ids: readonly string[]) => Promise<void>): Promise<void> {
    const now = performance.now();
    const ids = [...watched.keys()];
    try {
      for (let from = 0; from < ids.length; from += MAX_IDS) await lookFor(ids.slice(from, from + MAX_IDS));
      // A commit is given up only after a successful check.
      for (const [id, { until }] of watched) if (until < now) watched.delete(id);
    } catch (error) {
      const what = watched === this.claims ? 'claims' : 'records';
      logger.warn({ what, rows: ids.length, ...describeError(error) }, 'the check for unconfirmed commits failed');
    }
  }

  private async lookForRecords(ids: readonly string[]): Promise<void> {
    const found = await this.reader.findMany(ids);
    await Promise.all(
      found.map(async (transaction) => {
        const transition = afterNeverSent(this.registry.handler(transaction.type), transaction);
        // The transaction has just changed: look again.
        if (transition && !(await this.giveBack(transaction, transition))) return;
        this.records.delete(transaction.id);
      }),
    );
  }

  /** A claim is one commit: all its rows appear together, or none. */
  private async lookForClaims(ids: readonly string[]): Promise<void> {
    const found = await this.reader.claimed(ids);
    this.claimsDueAt = performance.now() + this.claimPauseMs;
    this.claimPauseMs = Math.min(2 * this.claimPauseMs, CLAIM_LOOK_MAX_MS);
    const settled = await Promise.all(found.map(async (one) => ({ ...one, isDone: await this.giveBackClaimed(one) })));
    const left = new Set(settled.filter(({ isDone }) => !isDone).map(({ claimId }) => claimId));
    for (const { claimId } of found) if (!left.has(claimId)) this.claims.delete(claimId);
    for (const id of ids) {
      const watch = this.claims.get(id);
      if (watch) this.claims.set(id, { ...watch, urgentUntil: 0 });
    }
  }

  /** False: another instance has the transaction now; check again later. */
  private async giveBackClaimed(claimed: Claimed): Promise<boolean> {
    const { transaction } = claimed;
    const transition = afterLostClaim(this.registry.handler(transaction.type), claimed);
    return transition !== null && this.giveBack(transaction, transition);
  }

  private async giveBack(transaction: Transaction, transition: Transition): Promise<boolean> {
    const { id, type, epoch } = transaction;
    const { moved } = await this.ledger.settle(transaction, {
      ...transition,
      epoch,
      actor: 'gateway',
      eventId: newUuid(),
    });
    if (moved)
      logger.warn({ transactionId: id, type }, 'an attempt whose commit was not confirmed has been given back');
    return moved;
  }
}
