import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { describeError, logger } from '../common/log.js';
import { metrics } from '../common/metrics.js';
import {
  blockEnded,
  blockPasses,
  closeLate,
  deleteNotifications,
  eraseApps,
  eraseBlocked,
  forgetKeys,
  type PurgeTask,
  type Reached,
} from './purge-tasks.js';

const TICK_MS = 2_000;
/** How long after a task has found nothing more to do somebody looks again. */
const PAUSE = '1 hour';

const DUE = `select name from purge_tasks where next_at <= now() order by next_at`;

/** Held until the piece is done: of all instances one works on a task. */
const TAKE = `
select reached_at as "reachedAt", reached_id as "reachedId" from purge_tasks
where name = $1 and next_at <= now() for update skip locked`;

const ADVANCE = `
update purge_tasks set reached_at = $2, reached_id = $3, rows = rows + $4, updated_at = clock_timestamp(),
  next_at = case when $5 then now() + interval '${PAUSE}' else next_at end
where name = $1`;

/**
 * Ends what is not kept for ever, as `retention.ts` says, in small pieces beside the ordinary work. A piece and how far it
 * got are one commit: after a crash, or when another instance takes over, nothing is left out and nothing done twice.
 */
@Injectable()
export class Purge implements BeforeApplicationShutdown {
  private readonly tasks: ReadonlyMap<string, PurgeTask>;
  private running: Promise<void> | null = null;
  private stopping = false;

  constructor(
    private readonly database: Database,
    { retention }: Config,
  ) {
    this.tasks = new Map([
      ['block ended', blockEnded(retention)],
      ['block passes', blockPasses(retention)],
      ['erase blocked', eraseBlocked(retention)],
      ['late', closeLate],
      ['notifications', deleteNotifications(retention)],
      ['idempotency keys', forgetKeys],
      ['erased apps', eraseApps],
    ]);
  }

  @Interval(TICK_MS)
  async tick(): Promise<void> {
    this.running ??= this.work().finally(() => {
      this.running = null;
    });
    await this.running;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await this.running;
  }

  private async work(): Promise<void> {
    try {
      while (await this.round());
    } catch (error) {
      logger.warn(describeError(error), 'what has outlived its retention could not be purged; the next run does it');
    }
  }

  /** A piece of each task that is due, so that a long one keeps none waiting. True when there may be more. */
  private async round(): Promise<boolean> {
    let isMore = false;
    for (const { name } of await this.database.query<{ name: string }>(DUE)) {
      const task = this.tasks.get(name);
      if (task && !this.stopping) isMore = (await this.piece(name, task)) || isMore;
    }
    return isMore;
  }

  /** True when there may be more. */
  private async piece(name: string, task: PurgeTask): Promise<boolean> {
    const done = await this.database.transaction(async (client) => {
      const reached = (await client.query<Reached>(TAKE, [name])).rows[0];
      if (!reached) return null;
      const batch = await task(client, reached);
      await client.query(ADVANCE, [name, batch.reachedAt, batch.reachedId, batch.rows, batch.isOver]);
      return batch;
    });
    if (done && done.rows > 0) metrics.purgedRows.inc({ task: name }, done.rows);
    return done !== null && !done.isOver;
  }
}
