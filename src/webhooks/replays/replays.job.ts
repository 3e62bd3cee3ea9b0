import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { Database } from '../../database/database.js';
import { Every } from '../../jobs/every.decorator.js';
import { IS_PUBLISHED, TYPE_SQL } from '../events/event-types.js';

const TICK_MS = 250;
/** Deliveries of an endpoint that wait to be sent again, at most. */
const MAX_WAITING = 500;
/** A step is worth its commit. */
const MIN_STEP = 100;
/** Events that a step looks at, however rare those of its types are. */
const MAX_LOOKED_AT = 5_000;

const RUNNING = `select id from webhook_replays where completed_at is null`;

/** The lock of the row is held until the step is committed: only one instance works on a replay. */
const TAKE = `
select r.endpoint_id as "endpointId", r.app_id as "appId", r.types, r.only_missing as "onlyMissing",
  r.reached_at::text as "reachedAt", r.reached_id as "reachedId", r.to_at::text as "to",
  not exists (
    select from webhook_endpoints p join apps a on a.id = p.app_id
    where p.id = r.endpoint_id and p.disabled_at is null and a.deleted_at is null
  ) as "isStopped"
from webhook_replays r where r.id = $1 and r.completed_at is null for update of r skip locked`;

const STOP = `update webhook_replays set status = 'stopped', completed_at = clock_timestamp() where id = $1`;

const COUNT_WAITING = `
select count(*)::int as count from (
  select from webhook_deliveries d where d.endpoint_id = $1 and d.is_replay and d.due_at is not null limit ${MAX_WAITING}
) waiting`;

/** True for an event that is not sent again: it waits already, or it was delivered and only missing ones are wanted. */
const IS_LEFT = `(d.state = 'pending' or d.delivered_at is not null and $9)`;

/**
 * Looks at some events, queues those of its types while there is room, and moves the position behind them, in one commit. Rows that are left are not locked: their
 * results may be on the way to them.
 */
const STEP = `
with looked as (
  select e.id, e.at, e.transaction_id, e.seq, e.app_id, ${TYPE_SQL} as type from transaction_events e
  where e.app_id = $3 and ${IS_PUBLISHED} and (e.at, e.id) > ($4::timestamptz, $5::uuid) and e.at < $6::timestamptz
  order by e.at, e.id limit ${MAX_LOOKED_AT}
), page as (
  select * from looked where type = any($8) order by at, id limit $7
), queued as (
  insert into webhook_deliveries as d (endpoint_id, transaction_id, seq, id, app_id, event_id, type, is_replay)
  select $2, g.transaction_id, g.seq, new_uuid(), g.app_id, g.id, g.type, true
  from page g
  where not exists (
    select from webhook_deliveries d
    where d.endpoint_id = $2 and d.transaction_id = g.transaction_id and d.seq = g.seq and ${IS_LEFT})
  order by g.at, g.id
  on conflict (endpoint_id, transaction_id, seq) do update set state = 'pending', due_at = now(), ended_at = null,
    is_replay = true, is_sending = false, refusals = 0, outages = 0, created_at = clock_timestamp()
  where not ${IS_LEFT}
  returning 1
), state as (
  select count(*) = $7 as is_full from page
), last as (
  select x.at, x.id from state s cross join lateral (
    select at, id from page where s.is_full union all select at, id from looked where not s.is_full
  ) x order by x.at desc, x.id desc limit 1
), progress as (
  select not s.is_full and (select count(*) from looked) < ${MAX_LOOKED_AT} as is_over,
    (select count(*) from queued)::int as queued
  from state s
)
update webhook_replays r set
  queued = r.queued + g.queued,
  reached_at = coalesce((select at from last), r.reached_at),
  reached_id = coalesce((select id from last), r.reached_id),
  status = case when g.is_over then 'completed' else 'running' end,
  completed_at = case when g.is_over then clock_timestamp() end
from progress g where r.id = $1`;

interface Running {
  readonly endpointId: string;
  readonly appId: string;
  readonly types: readonly string[];
  readonly onlyMissing: boolean;
  /** As PostgreSQL writes it: microseconds do not fit into a `Date`. */
  readonly reachedAt: string;
  readonly reachedId: string;
  readonly to: string;
  readonly isStopped: boolean;
}

/**
 * Walks through the ledger for each running replay, and queues only as much as can be sent soon. Replays take turns, one step
 * each, so that a long one holds up no other.
 */
@Injectable()
export class ReplaysJob {
  constructor(private readonly database: Database) {}

  @Every(TICK_MS)
  async advance(ending: AbortSignal): Promise<void> {
    for (const { id } of await this.database.query<{ id: string }>(RUNNING)) {
      if (ending.aborted) return;
      await this.database.transaction((client) => step(client, id));
    }
  }
}

/** After a crash the whole step is repeated, or none of it. */
async function step(client: PoolClient, id: string): Promise<void> {
  const replay = (await client.query<Running>(TAKE, [id])).rows[0];
  if (!replay) return;
  if (replay.isStopped) {
    await client.query(STOP, [id]);
    return;
  }
  const { endpointId, appId, types, onlyMissing, reachedAt, reachedId, to } = replay;
  const [waiting] = (await client.query<{ count: number }>(COUNT_WAITING, [endpointId])).rows;
  const room = MAX_WAITING - (waiting?.count ?? 0);
  if (room < MIN_STEP) return;
  await client.query(STEP, [id, endpointId, appId, reachedAt, reachedId, to, room, types, onlyMissing]);
}
