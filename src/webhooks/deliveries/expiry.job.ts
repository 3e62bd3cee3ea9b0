import { Injectable } from '@nestjs/common';
import { publicId } from '../../common/ids.js';
import { logger } from '../../common/log.js';
import { Database } from '../../database/database.js';
import { Every } from '../../jobs/every.decorator.js';

/** It reads all that waits. */
const TICK_MS = 10 * 60_000;
const EXPIRED_AFTER = `interval '7 days'`;
const MAX_ROWS = 1_000;

/** Also of endpoints that are disabled, and of apps that were removed. What is being sent ends by itself. */
const EXPIRE = `
with old as (
  select id from webhook_deliveries
  where due_at is not null and created_at < now() - ${EXPIRED_AFTER} and not (is_sending and due_at > now())
  limit ${MAX_ROWS} for update skip locked
), expired as (
  update webhook_deliveries d set state = 'expired', due_at = null, is_sending = false, ended_at = now()
  from old where d.id = old.id
  returning d.endpoint_id
)
select endpoint_id as "endpointId", count(*)::int as count from expired group by endpoint_id`;

interface Expired {
  readonly endpointId: string;
  readonly count: number;
}

/** Gives up what could not be delivered for a week. Replay sends it later. */
@Injectable()
export class ExpiryJob {
  constructor(private readonly database: Database) {}

  @Every(TICK_MS)
  async expire(ending: AbortSignal): Promise<void> {
    let rows = MAX_ROWS;
    while (rows >= MAX_ROWS && !ending.aborted) rows = await this.expireSome();
  }

  /** Returns how many deliveries have expired. */
  private async expireSome(): Promise<number> {
    let rows = 0;
    for (const { endpointId, count } of await this.database.query<Expired>(EXPIRE)) {
      logger.warn({ endpointId: publicId('whep', endpointId), count }, 'webhook deliveries expired after seven days');
      rows += count;
    }
    return rows;
  }
}
