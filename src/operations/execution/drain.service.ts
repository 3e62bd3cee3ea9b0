import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { logger } from '../../common/log.js';
import { NeverSent } from './never-sent.service.js';
import { Runner } from './attempt-runner.service.js';
import { TransactionWatcher } from '../../ledger/reads/transaction-watcher.service.js';

const POLL_MS = 20;

/** The end in good order: nothing new is begun, what is under way may end, and nobody is kept waiting after that. */
@Injectable()
export class Drain implements BeforeApplicationShutdown {
  private stopping = false;
  private beginning = 0;

  constructor(
    private readonly config: Config,
    private readonly runner: Runner,
    private readonly watcher: TransactionWatcher,
    private readonly neverSent: NeverSent,
  ) {}

  get isStopping(): boolean {
    return this.stopping;
  }

  /** What is being recorded or claimed is under way too: between that and its call nothing may end the process. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.beginning += 1;
    try {
      return await work();
    } finally {
      this.beginning -= 1;
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    const giveUpAt = performance.now() + this.config.shutdownGraceMs;
    while (this.underWay > 0 && performance.now() < giveUpAt) await sleep(POLL_MS);
    if (this.underWay > 0) logger.warn({ operations: this.underWay }, 'stopped while operations were under way');
    this.watcher.release();
  }

  private get underWay(): number {
    return this.runner.busy + this.beginning + this.neverSent.urgent;
  }
}
