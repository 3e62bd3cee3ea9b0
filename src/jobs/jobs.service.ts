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

/** With a longer interval the timers of Node run every millisecond. */
const MAX_INTERVAL_MS = 2 ** 31 - 1;
/** A run in progress for this long raises an alarm, and again after each further period. */
const STUCK_MS = 3_600_000;

export interface Job {
  /** Unique; shown in logs. */
  readonly name: string;
  /** At most 24.8 days. */
  readonly everyMs: number;
  readonly work: Work;
}

interface RunInProgress {
  readonly ended: Promise<void>;
  /** `performance.now()` from which the alarm for a stuck run counts. */
  sinceMs: number;
}

/**
 * Runs background work at fixed intervals. While a run is still in progress, the next one is skipped. A run that fails
 * raises an alarm, and the next one tries again. A run that takes over an hour raises an alarm too. At shutdown no new
 * run begins. The process waits for runs in progress, for at most the grace period.
 */
@Injectable()
export class Jobs implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  private readonly running = new Map<string, RunInProgress>();
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
    if (!(job.everyMs >= 1 && job.everyMs <= MAX_INTERVAL_MS)) {
      throw new RangeError(`the interval of the job ${job.name} is not from 1 to ${MAX_INTERVAL_MS} ms`);
    }
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
    const ends = [...this.running.values()].map(({ ended }) => ended);
    await Promise.race([Promise.all(ends), sleep(leftMs, undefined, { ref: false })]);
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
    if (this.ending.signal.aborted) return;
    const before = this.running.get(job.name);
    if (before) return reportStuck(job, before);
    const ended = this.run(job).finally(() => this.running.delete(job.name));
    this.running.set(job.name, { ended, sinceMs: performance.now() });
  }

  private async run({ name, work }: Job): Promise<void> {
    try {
      await work(this.ending.signal);
    } catch (error) {
      alarm('job_failed', { job: name, ...describeError(error) }, 'a background job failed; its next run tries again');
    }
  }
}

function reportStuck({ name }: Job, run: RunInProgress): void {
  if (performance.now() - run.sinceMs < STUCK_MS) return;
  run.sinceMs += STUCK_MS;
  alarm('job_stuck', { job: name }, 'a run of a background job does not end; no further run begins');
}

function isWork(value: unknown): value is Work {
  return typeof value === 'function';
}
