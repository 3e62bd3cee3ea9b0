import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { Config } from '../config.js';
import { logger } from '../log.js';
import { Runner } from './runner.js';
import { Waiting } from './waiting.js';

const POLL_MS = 20;

/** The end in good order: nothing new is begun, what is under way may end, and nobody is kept waiting after that. */
@Injectable()
export class Drain implements BeforeApplicationShutdown {
  private stopping = false;

  constructor(
    private readonly config: Config,
    private readonly runner: Runner,
    private readonly waiting: Waiting,
  ) {}

  get isStopping(): boolean {
    return this.stopping;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    const giveUpAt = performance.now() + this.config.shutdownGraceMs;
    while (this.runner.busy > 0 && performance.now() < giveUpAt) await sleep(POLL_MS);
    if (this.runner.busy > 0) logger.warn({ operations: this.runner.busy }, 'stopped while operations were under way');
    this.waiting.release();
  }
}
