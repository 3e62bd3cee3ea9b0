import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { metrics } from '../common/metrics.js';
import { Every } from '../jobs/every.decorator.js';
import {
  blockEnded,
  blockPasses,
  closeLate,
  deleteDeliveries,
  deleteNotifications,
  deleteWebhookEvents,
  eraseApps,
  eraseBlocked,
  forgetKeys,
  type PurgeTask,
  type Progress,
} from './purge-tasks.js';

const TICK_MS = 2_000;
/** The pause of a task that found no more rows. */
const PAUSE = '1 hour';

const DUE = `select name from purge_tasks where next_at <= now() order by next_at`;

/** The row lock is held until the batch is done: only one instance works on a task. */
const TAKE = `
select reached_at as "reachedAt", reached_id as "reachedId" from purge_tasks
where name = $1 and next_at <= now() for update skip locked`;

const ADVANCE = `
update purge_tasks set reached_at = $2, reached_id = $3, rows = rows + $4, updated_at = clock_timestamp(),
  next_at = case when $5 then now() + interval '${PAUSE}' else next_at end
where name = $1`;

/**
 * Blocks, erases and deletes data by the rules of `retention.ts`, in small batches next to the ordinary work. A batch
 * and its progress share one commit: after a crash, or when another instance takes over, no row is skipped or handled
 * twice.
 */
@Injectable()
export class Purge {
  private readonly tasks: ReadonlyMap<string, PurgeTask>;

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
      ['webhook events', deleteWebhookEvents],
      ['idempotency keys', forgetKeys],
      ['erased apps', eraseApps],
      ['webhook deliveries', deleteDeliveries],
    ]);
  }

  @Every(TICK_MS)
  async purge(ending: AbortSignal): Promise<void> {
    while (await this.runDueTasks(ending));
  }

  /** Runs one batch of each due task, so that a long task does not delay the others. True when there may be more. */
  private async runDueTasks(ending: AbortSignal): Promise<boolean> {
    let hasMore = false;
    for (const { name } of await this.database.query<{ name: string }>(DUE)) {
      const task = this.tasks.get(name);
      if (task && !ending.aborted) hasMore = (await this.runBatch(name, task)) || hasMore;
    }
    return hasMore;
  }

  /** True when there may be more. */
  private async runBatch(name: string, task: PurgeTask): Promise<boolean> {
    const done = await this.database.transaction(async (client) => {
      const reached = (await client.query<Progress>(TAKE, [name])).rows[0];
      if (!reached) return null;
      const batch = await task(client, reached);
      await client.query(ADVANCE, [name, batch.reachedAt, batch.reachedId, batch.rows, batch.isOver]);
      return batch;
    });
    if (done && done.rows > 0) metrics.purgedRows.inc({ task: name }, done.rows);
    return done !== null && !done.isOver;
  }
}
