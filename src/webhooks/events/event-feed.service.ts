import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { IS_PUBLISHED, TYPE_SQL, type EventType } from './event-types.js';
import { EVENT_COLUMNS, EVENT_JOINS, type EventRow } from './published-event.js';

const POLL_MS = 250;

/** A place in the feed: behind the event with this time and id. */
export interface Position {
  /** The exact time, as PostgreSQL writes it: microseconds do not fit into a `Date`. */
  readonly at: string;
  readonly id: string;
}

const START: Position = { at: '-infinity', id: '00000000-0000-0000-0000-000000000000' };

/** A statement of its own, before the one that reads the page: see `events_settled_until.sql`. */
const SETTLED_UNTIL = `select events_settled_until()::text as until`;

const PAGE = `
select ${EVENT_COLUMNS}
from transaction_events e ${EVENT_JOINS}
where e.app_id = $1 and ${IS_PUBLISHED} and (e.at, e.id) > ($2::timestamptz, $3::uuid) and e.at < $4::timestamptz
  and ($5::text[] is null or ${TYPE_SQL} = any($5))
order by e.at, e.id limit $6`;

/** The first 48 bits of a UUID v7 are the milliseconds since 1970. */
const CREATED_AT = `to_timestamp(('x' || left(replace($2::uuid::text, '-', ''), 12))::bit(48)::bigint / 1000.0)`;

/**
 * The time of an event with this id. Ids begin with the milliseconds of their creation, which is shortly before the
 * event is written, unless the database was unavailable in between. So a short range is searched first.
 */
const POSITION = `
select e.at::text as at, e.id from transaction_events e
where e.app_id = $1 and e.id = $2 and ${IS_PUBLISHED}
  and e.at >= ${CREATED_AT} - interval '1 min' and e.at < coalesce(${CREATED_AT} + $3::interval, 'infinity')`;
const RANGES = ['1 min', '1 day', null];

const ONE = `
select ${EVENT_COLUMNS}
from transaction_events e ${EVENT_JOINS}
where e.app_id = $1 and e.id = $2 and e.at = $3::timestamptz and ${IS_PUBLISHED}`;

const OF_TRANSACTION = `
select ${EVENT_COLUMNS}
from transaction_events e ${EVENT_JOINS}
where e.transaction_id = $1 and e.seq = $2 and e.app_id = $3 and ${IS_PUBLISHED}`;

export interface FeedRequest {
  readonly appId: string;
  /** The page begins after this event; null: at the first. */
  readonly after: Position | null;
  /** null: all. */
  readonly types: readonly EventType[] | null;
  readonly limit: number;
}

/** Reads an app's events in the order of the feed. It never shows an event before all earlier ones are visible. */
@Injectable()
export class EventFeed implements BeforeApplicationShutdown {
  private isEnding = false;

  constructor(private readonly database: Database) {}

  async page({ appId, after, types, limit }: FeedRequest): Promise<EventRow[]> {
    const { at, id } = after ?? START;
    const [settled] = await this.database.query<{ until: string }>(SETTLED_UNTIL);
    return this.database.query<EventRow>(PAGE, [appId, at, id, settled?.until, types, limit]);
  }

  /** The page, as soon as it is not empty; after `waitMs` also an empty one. */
  async waitForPage(request: FeedRequest, waitMs: number): Promise<EventRow[]> {
    const giveUpAt = performance.now() + waitMs;
    for (;;) {
      const rows = await this.page(request);
      if (rows.length > 0 || this.isEnding || performance.now() + POLL_MS > giveUpAt) return rows;
      await sleep(POLL_MS);
    }
  }

  /** null: the app has no such event. */
  async position(appId: string, id: string): Promise<Position | null> {
    for (const range of RANGES) {
      const [found] = await this.database.query<Position>(POSITION, [appId, id, range]);
      if (found) return found;
    }
    return null;
  }

  /** null: the app has no such event. */
  async find(appId: string, id: string): Promise<EventRow | null> {
    const position = await this.position(appId, id);
    if (!position) return null;
    return (await this.database.query<EventRow>(ONE, [appId, id, position.at]))[0] ?? null;
  }

  /** The event with this number in the timeline of a transaction. */
  async ofTransaction(key: { transactionId: string; seq: number; appId: string }): Promise<EventRow | null> {
    const values = [key.transactionId, key.seq, key.appId];
    return (await this.database.prepared<EventRow>('webhook_event', OF_TRANSACTION, values))[0] ?? null;
  }

  beforeApplicationShutdown(): void {
    this.isEnding = true;
  }
}
