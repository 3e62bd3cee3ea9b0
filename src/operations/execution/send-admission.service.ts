import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { logger } from '../../common/log.js';
import { Problem } from '../../common/problem.js';
import { Config } from '../../config/config.js';
import type { Transaction } from '../../ledger/model/transaction.js';
import { TransactionWatcher } from '../../ledger/reads/transaction-watcher.service.js';
import { ConnectorRegistry, leaseMsOf } from '../connector-registry.service.js';
import { AttemptRunner } from './attempt-runner.service.js';
import { BacklogEstimate } from './backlog-estimate.service.js';
import { ClockSkewJob } from './clock-skew.job.js';
import { UnconfirmedCommits } from './unconfirmed-commits.service.js';
import { ProviderPauses } from './provider-pauses.service.js';

/** Longest interval between two checks for queued operations, in milliseconds. */
const QUEUE_LOOK_MS = 2_000;
const SHUTDOWN_POLL_MS = 20;
const RESTART_RETRY_SECONDS = 5;

/** The members of a transaction that decide whether it may begin. */
type Kind = Pick<Transaction, 'provider' | 'type'>;

/**
 * Decides whether operations may begin now. At shutdown nothing new begins, and the process waits for the operations in
 * progress.
 */
@Injectable()
export class SendAdmission implements BeforeApplicationShutdown {
  private stopping = false;
  /** Operations that are being recorded or claimed, and are not known to the runner yet. */
  private beginning = 0;

  constructor(
    private readonly config: Config,
    private readonly registry: ConnectorRegistry,
    private readonly runner: AttemptRunner,
    private readonly pauses: ProviderPauses,
    private readonly clock: ClockSkewJob,
    private readonly backlog: BacklogEstimate,
    private readonly unconfirmed: UnconfirmedCommits,
    private readonly watcher: TransactionWatcher,
  ) {}

  /** Number of operations that may begin; 0 while the provider is paused, the clock is wrong, or the process is ending. */
  roomFor(provider: string): number {
    return this.stopping || this.mustNotSend(provider) ? 0 : this.runner.capacity(provider);
  }

  /**
   * Number of due rows that may be claimed. While nothing may be sent, only expired rows are claimed, in order to end
   * them: a pause does not stop the clock.
   */
  claimable(provider: string): { room: number; onlyExpired: boolean } {
    if (this.stopping) return { room: 0, onlyExpired: true };
    return { room: this.runner.capacity(provider), onlyExpired: this.mustNotSend(provider) };
  }

  /** The lease of an attempt that begins with the record; null: the operation queues in the database. */
  leaseFor({ provider, type }: Kind): number | null {
    const handler = this.registry.handler(type);
    // While other operations wait for a permit, this one waits too, so that they can be sent in one batch.
    if (handler.batch && this.backlog.isCrowded(provider)) return null;
    return this.roomFor(provider) > 0 ? leaseMsOf(handler) : null;
  }

  /** The expected time until the operation ends, in milliseconds. `queued`: it does not begin at once. */
  async expectedMs({ provider, type }: Kind, queued: boolean): Promise<number> {
    const usualMs = this.registry.handler(type).deadlineMs;
    return queued && this.backlog.isCrowded(provider)
      ? Math.max(await this.backlog.drainMs(provider), QUEUE_LOOK_MS)
      : usualMs;
  }

  /** Runs `work`, which begins operations. A graceful shutdown waits for it. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.beginning += 1;
    try {
      return await work();
    } finally {
      this.beginning -= 1;
    }
  }

  /** Like `hold`, for requests of callers. @throws Problem `overloaded` while the process is ending */
  async enter<T>(work: () => Promise<T>): Promise<T> {
    if (!this.stopping) return this.hold(work);
    throw new Problem('overloaded', 'The gateway is restarting; send the same request again.', {
      retryAfterSeconds: RESTART_RETRY_SECONDS,
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    const giveUpAt = performance.now() + this.config.shutdownGraceMs;
    while (this.inProgress > 0 && performance.now() < giveUpAt) await sleep(SHUTDOWN_POLL_MS);
    if (this.inProgress > 0) logger.warn({ operations: this.inProgress }, 'stopped while operations were in progress');
    // Callers that still wait get the last known state.
    this.watcher.release();
  }

  private get inProgress(): number {
    return this.runner.busy + this.beginning + this.unconfirmed.urgent;
  }

  private mustNotSend(provider: string): boolean {
    return this.clock.isSkewed || this.pauses.isPaused(provider);
  }
}
