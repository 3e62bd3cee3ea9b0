import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { IS_PUBLISHED, TYPE_SQL, type EventType } from './event-types.js';
import { EVENT_COLUMNS, EVENT_JOINS, type EventRow } from './published-event.js';
import { WaitingRequests } from './waiting-requests.js';

const POLL_MS = 250;
/** Requests of one app that wait at once in this process: each reads the database at every poll. */
const MAX_WAITING = 10;

/** A place in the feed: behind the event with this time and id. */
export interface Position {
  /** The exact time, as PostgreSQL writes it: microseconds do not fit into a `Date`. */
  readonly at: string;
  readonly id: string;
}

const START: Position = { at: '-infinity', id: '00000000-0000-0000-0000-000000000000' };

/** A statement of its own, before the one that reads the page: see `events_settled_until.sql`. */
const SETTLED_UNTIL = `select events_settled_until()::text as until`;

/** A page of few types looks at this number of events at most, however rare they are. */
const MAX_LOOKED_AT = 50_000;

const NEXT_EVENTS = `
from transaction_events e
where e.app_id = $1 and ${IS_PUBLISHED} and (e.at, e.id) > ($2::timestamptz, $3::uuid) and e.at < $4::timestamptz
order by e.at, e.id limit ${MAX_LOOKED_AT}`;

const PAGE = `
select ${EVENT_COLUMNS}, e.at::text as "exactAt"
from (
  select e.* from (select e.* ${NEXT_EVENTS}) e
  where $5::text[] is null or ${TYPE_SQL} = any($5)
  order by e.at, e.id limit $6
) e ${EVENT_JOINS}
order by e.at, e.id`;

/** The last event that a page of few types looks at. */
const LOOKED_AT = `
select w.at::text as at, w.id, count(*) over ()::int as count from (
  select e.at, e.id ${NEXT_EVENTS}
) w order by w.at desc, w.id desc limit 1`;

/** The first 48 bits of a UUID v7 are the milliseconds since 1970. */
const CREATED_AT = `to_timestamp(('x' || left(replace($2::uuid::text, '-', ''), 12))::bit(48)::bigint / 1000.0)`;

/**
 * The time of an event with this id. Ids begin with the milliseconds of their creation, which is shortly before the
 * event is written. A write is tried again for two minutes at most while the database is unavailable, so an event is written
 * within an hour of its id. An unknown id costs as much as reading the app's events of an hour.
 */
const POSITION = `
select e.at::text as at, e.id from transaction_events e
where e.app_id = $1 and e.id = $2 and ${IS_PUBLISHED}
  and e.at >= ${CREATED_AT} - interval '1 min' and e.at < ${CREATED_AT} + $3::interval`;
const RANGES = ['1 min', '1 hour'];

const ONE = `
select ${EVENT_COLUMNS}
from transaction_events e ${EVENT_JOINS}
where e.app_id = $1 and e.id = $2 and e.at = $3::timestamptz and ${IS_PUBLISHED}`;

const OF_TRANSACTIONS = `
select ${EVENT_COLUMNS}
from unnest($1::uuid[], $2::integer[], $3::uuid[]) as k (transaction_id, seq, app_id)
join transaction_events e on e.transaction_id = k.transaction_id and e.seq = k.seq and e.app_id = k.app_id ${EVENT_JOINS}
where ${IS_PUBLISHED}`;

/** An event by its number in the timeline of a transaction. */
export interface TimelineKey {
  readonly transactionId: string;
  readonly seq: number;
  readonly appId: string;
}

export interface FeedRequest {
  readonly appId: string;
  /** The page begins after this event; null: at the first. */
  readonly after: Position | null;
  /** null: all. */
  readonly types: readonly EventType[] | null;
  readonly limit: number;
}

export interface FeedPage {
  readonly rows: readonly EventRow[];
  /** Everything up to here was looked at; null: nothing. */
  readonly reached: Position | null;
  /** True when there may be more to look at. */
  readonly goesOn: boolean;
}

/** Reads an app's events in the order of the feed. It never shows an event before all earlier ones are visible. */
@Injectable()
export class EventFeed implements BeforeApplicationShutdown {
  private readonly waiting = new WaitingRequests(MAX_WAITING);
  private isEnding = false;

  constructor(private readonly database: Database) {}

  async page({ appId, after, types, limit }: FeedRequest): Promise<FeedPage> {
    const { at, id } = after ?? START;
    const [settled] = await this.database.query<{ until: string }>(SETTLED_UNTIL);
    const range = [appId, at, id, settled?.until];
    const found = await this.database.query<EventRow & { exactAt: string }>(PAGE, [...range, types, limit + 1]);
    const rows = found.slice(0, limit);
    const end = rows.at(-1);
    const reached = end ? { at: end.exactAt, id: end.id } : after;
    if (!types || found.length > limit) return { rows, reached, goesOn: found.length > limit };
    // Without it, a reader of rare events would look at all others again in each request.
    const [last] = await this.database.query<Position & { count: number }>(LOOKED_AT, range);
    return { rows, reached: last ?? reached, goesOn: last?.count === MAX_LOOKED_AT };
  }

  /**
   * The page, as soon as it is not empty; after `waitMs`, or when the client has hung up, also an empty one. `mayWait` is
   * false when the app has too many waiting requests: then the page is the present one.
   */
  async waitForPage(
    request: FeedRequest,
    waitMs: number,
    hungUp: AbortSignal,
  ): Promise<FeedPage & { readonly mayWait: boolean }> {
    const mayWait = waitMs > 0 && this.waiting.enter(request.appId);
    try {
      return { ...(await this.poll(request, mayWait ? waitMs : 0, hungUp)), mayWait };
    } finally {
      if (mayWait) this.waiting.leave(request.appId);
    }
  }

  private async poll(request: FeedRequest, waitMs: number, hungUp: AbortSignal): Promise<FeedPage> {
    const giveUpAt = performance.now() + waitMs;
    for (let { after } = request; ;) {
      const page = await this.page({ ...request, after });
      const isOver = this.isEnding || hungUp.aborted || performance.now() + POLL_MS > giveUpAt;
      if (page.rows.length > 0 || isOver) return page;
      after = page.reached;
      if (!page.goesOn) await sleep(POLL_MS);
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

  /** In any order; those that are not there are left out. */
  ofTransactions(keys: readonly TimelineKey[]): Promise<EventRow[]> {
    const transactionIds = keys.map(({ transactionId }) => transactionId);
    const values = [transactionIds, keys.map(({ seq }) => seq), keys.map(({ appId }) => appId)];
    return this.database.query<EventRow>(OF_TRANSACTIONS, values);
  }

  beforeApplicationShutdown(): void {
    this.isEnding = true;
  }
}
