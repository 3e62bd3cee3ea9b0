import { setTimeout as sleep } from 'node:timers/promises';
import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { alarm } from '../common/alarm.js';
import { describeError, logger } from '../common/log.js';
import { Config } from '../config/config.js';
import { EVERY_MS, type Work } from './every.decorator.js';

export interface Job {
  /** Unique; shown in logs. */
  readonly name: string;
  readonly everyMs: number;
  readonly work: Work;
}

/**
 * Runs background work at fixed intervals. While a run is still in progress, the next one is skipped. A run that fails
 * raises an alarm, and the next one tries again. At shutdown no new run begins. The process waits for runs in progress,
 * for at most the grace period.
 */
@Injectable()
export class Jobs implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  private readonly running = new Map<string, Promise<void>>();
  private readonly ending = new AbortController();
  private giveUpAtMs = 0;

  constructor(
    private readonly config: Config,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
    private readonly scheduler: SchedulerRegistry,
  ) {}

  onApplicationBootstrap(): void {
    for (const { instance, isAlias } of this.discovery.getProviders()) if (!isAlias) this.addAll(instance);
  }

  /** Adds a job whose name or number is only known at runtime; `@Every` adds all others. */
  add(job: Job): void {
    // The scheduler clears the timer at shutdown.
    const timer = setInterval(() => this.begin(job), job.everyMs);
    this.scheduler.addInterval(job.name, timer);
  }

  onModuleDestroy(): void {
    this.giveUpAtMs = performance.now() + this.config.shutdownGraceMs;
    this.ending.abort();
  }

  async beforeApplicationShutdown(): Promise<void> {
    const leftMs = Math.max(this.giveUpAtMs - performance.now(), 0);
    await Promise.race([Promise.all(this.running.values()), sleep(leftMs, undefined, { ref: false })]);
    if (this.running.size > 0) logger.warn({ jobs: [...this.running.keys()] }, 'stopped while jobs were running');
  }

  private addAll(instance: unknown): void {
    if (typeof instance !== 'object' || instance === null) return;
    const prototype: unknown = Object.getPrototypeOf(instance);
    if (typeof prototype !== 'object') return;
    for (const method of this.scanner.getAllMethodNames(prototype)) {
      const work: unknown = Reflect.get(instance, method);
      if (!isWork(work)) continue;
      const everyMs = this.reflector.get<number | undefined>(EVERY_MS, work);
      const name = `${instance.constructor.name}.${method}`;
      if (everyMs !== undefined) this.add({ name, everyMs, work: (ending) => work.call(instance, ending) });
    }
  }

  private begin(job: Job): void {
    if (this.ending.signal.aborted || this.running.has(job.name)) return;
    const run = this.run(job).finally(() => this.running.delete(job.name));
    this.running.set(job.name, run);
  }

  private async run({ name, work }: Job): Promise<void> {
    try {
      await work(this.ending.signal);
    } catch (error) {
      alarm('tick_failed', { job: name, ...describeError(error) }, 'a background job failed; its next run tries again');
    }
  }
}

function isWork(value: unknown): value is Work {
  return typeof value === 'function';
}
