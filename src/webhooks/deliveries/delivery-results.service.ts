import { Injectable } from '@nestjs/common';
import { GroupCommit } from '../../database/group-commit.js';
import { Database } from '../../database/database.js';
import { jsonRows } from '../../database/json-rows.js';
import type { SendResult } from '../sending/webhook-http.service.js';
import { judge, type ClaimedDelivery, type Verdict } from './delivery.js';
import { nextAttemptMs, nextProbeMs, ownPauseMs } from './retry-ladders.js';

/** An endpoint that was down for this time, and for this number of probes, is disabled. */
const DISABLE_AFTER = `interval '5 days'`;
const DISABLE_AFTER_PROBES = 20;
const MAX_ROWS = 64;
const MAX_WAITING = 4_096;
const RETRY_FOR_MS = 20_000;

const INPUT = {
  id: 'uuid',
  endpointId: 'uuid',
  /** To which it was sent. */
  url: 'text',
  attempts: 'integer',
  /** null: it stays pending. */
  state: 'text',
  dueMs: 'bigint',
  refused: 'boolean',
  status: 'integer',
  error: 'text',
  durationMs: 'integer',
  /** The endpoint answered: it is up. */
  isUp: 'boolean',
  isDelivered: 'boolean',
  isGone: 'boolean',
  /** The next probe, when this attempt found the endpoint down. */
  probeMs: 'bigint',
  isProbe: 'boolean',
  /** It shows the health of the endpoint. */
  isCounted: 'boolean',
  /** Replayed deliveries are paused, and this one finds out whether they still must be. */
  isFailingReplay: 'boolean',
} as const;

/** This batch shows that the endpoint of `h` is down, and the row does not say so yet or its probe has failed. */
const IS_DOWN = `(h.is_up = false and (p.failures = 0 or h.probe_failed))`;
/** The same for replayed deliveries, which only pause each other. */
const PAUSES_REPLAYS = `(h.failed_replay and (p.replay_failures = 0 or h.replay_failed_again))`;
/** The endpoint `p` may have to be written, whatever the results are. */
const IS_STALE = `(p.failures > 0 or p.replay_failures > 0 or p.max_in_flight < 8 or p.last_success_at is null
  or p.last_success_at < now() - interval '10 s')`;
const IS_DISABLED = `(h.is_gone or ${IS_DOWN} and p.failing_since < now() - ${DISABLE_AFTER}
  and p.failures + 1 >= ${DISABLE_AFTER_PROBES})`;

/** A delivery that the endpoint's earlier URL did not take goes to the present one. */
const ENDS = `(i.state is not null and (i."isDelivered" or not i."isMoved"))`;

/**
 * A result is written only by the holder of the last lease: `attempts` has not changed since its claim. An endpoint
 * that is already known to be down is not written again by attempts that began before: one step of the ladder for one
 * probe. Endpoints are locked before deliveries, as by claims, and in order, so that two instances never wait for each
 * other. What an earlier URL answered says nothing about the present one. Replayed deliveries count only as probes;
 * otherwise they pause each other. Healthy endpoints are written at most every 10 s.
 */
const WRITE = `
with input as (
  select i.*, p.url is distinct from i.url as "isMoved"
  from ${jsonRows(INPUT, '$1', 'i')} left join webhook_endpoints p on p.id = i."endpointId"
), locked as (
  select p.id from webhook_endpoints p
  where p.id in (select "endpointId" from input) and (${IS_STALE}
    or p.id in (select "endpointId" from input where "isGone" or not "isUp"))
  order by p.id for no key update
), written as (
  update webhook_deliveries d set
    is_sending = false,
    state = case when ${ENDS} then i.state else d.state end,
    due_at = case when ${ENDS} then null when i."isMoved" then now() else now() + i."dueMs" * interval '1 ms' end,
    ended_at = case when ${ENDS} then now() end,
    delivered_at = coalesce(d.delivered_at, case when i."isDelivered" then now() end),
    refusals = d.refusals + (i.refused and not i."isMoved")::integer,
    outages = d.outages + (not i."isUp" and not i."isMoved")::integer,
    last_status = i.status,
    last_error = i.error,
    log = (case when jsonb_array_length(d.log) >= 10 then d.log - 0 else d.log end) || jsonb_build_object(
      'at', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'durationMs', i."durationMs", 'status', i.status, 'error', i.error)
  from input i
  where d.id = i.id and d.attempts = i.attempts and d.is_sending and (select count(*) from locked) >= 0
  returning i.*
), health as (
  select "endpointId" as id, min(url) as url,
    bool_or("isUp") filter (where "isCounted") as is_up,
    bool_or("isDelivered") filter (where "isCounted") as is_delivered,
    bool_or("isProbe" and not "isUp") as probe_failed,
    max("probeMs") filter (where "isCounted") as probe_ms,
    bool_or("isGone") as is_gone,
    bool_or("isUp") as answered,
    bool_or(not "isCounted" and not "isUp") as failed_replay,
    bool_or(not "isCounted" and not "isUp" and "isFailingReplay") as replay_failed_again,
    max("probeMs") filter (where not "isCounted") as replay_ms
  from written where not "isMoved" group by "endpointId"
), changed as (
  update webhook_endpoints p set
    last_success_at = case when h.is_delivered then now() else p.last_success_at end,
    failures = case when h.is_up then 0 when ${IS_DOWN} then p.failures + 1 else p.failures end,
    failing_since = case when h.is_up then null when ${IS_DOWN} then coalesce(p.failing_since, now())
      else p.failing_since end,
    next_probe_at = case when h.is_up then null when ${IS_DOWN} then now() + h.probe_ms * interval '1 ms'
      else p.next_probe_at end,
    max_in_flight = case when ${IS_DOWN} then 1 when h.answered then least(p.max_in_flight * 2, 8)
      else p.max_in_flight end,
    replay_failures = case when h.answered then 0 when ${PAUSES_REPLAYS} then p.replay_failures + 1
      else p.replay_failures end,
    replay_due_at = case when h.answered then null when ${PAUSES_REPLAYS} then now() + h.replay_ms * interval '1 ms'
      else p.replay_due_at end,
    disabled_at = case when p.disabled_at is null and ${IS_DISABLED} then now() else p.disabled_at end,
    disabled_reason = case when p.disabled_at is null and ${IS_DISABLED}
      then case when h.is_gone then 'gone' else 'failing' end else p.disabled_reason end
  from health h
  where p.id = h.id and p.url = h.url and p.id in (select id from locked) and (h.is_gone or ${IS_DOWN} or ${PAUSES_REPLAYS}
    or h.answered and (p.replay_failures > 0 or p.failures = 0 and p.max_in_flight < 8)
    or h.is_up and (p.failures > 0 or p.last_success_at is null or p.last_success_at < now() - interval '10 s'))
  returning p.id, p.app_id, p.disabled_reason, p.disabled_at = now() as is_new
)
select id, app_id as "appId", disabled_reason as reason from changed where is_new`;

/** Nothing was sent, because the secret is gone. */
const EXPIRE = `
update webhook_deliveries set state = 'expired', is_sending = false, due_at = null, ended_at = now()
where id = $1 and attempts = $2 and is_sending`;

/** It is due again at the end of its lease, but does not count as being sent until then. */
const RELEASE = `update webhook_deliveries set is_sending = false where id = $1 and attempts = $2 and is_sending`;

/** It was not sent: it is due again, as if it had not been claimed. */
const GIVE_BACK = `
update webhook_deliveries d set is_sending = false, due_at = now(), attempts = d.attempts - 1
from unnest($1::uuid[], $2::integer[]) as k (id, attempts)
where d.id = k.id and d.attempts = k.attempts and d.is_sending`;

export interface DisabledEndpoint {
  readonly id: string;
  /** null: it is the operators'. */
  readonly appId: string | null;
  readonly reason: string;
}

interface Attempt {
  readonly delivery: ClaimedDelivery;
  readonly result: SendResult;
}

/** Writes what came of attempts, with the health of their endpoints, in one commit for all that end together. */
@Injectable()
export class DeliveryResults {
  private readonly writes: GroupCommit<Attempt, readonly DisabledEndpoint[]>;

  constructor(private readonly database: Database) {
    this.writes = new GroupCommit<Attempt, readonly DisabledEndpoint[]>({
      write: async (attempts) => {
        const disabled = await database.query<DisabledEndpoint>(WRITE, [JSON.stringify(attempts.map(toInput))]);
        return attempts.map((_attempt, index) => (index === 0 ? disabled : []));
      },
      keysOf: ({ delivery }) => [delivery.id],
      maxRows: MAX_ROWS,
      maxWaitingRows: MAX_WAITING,
      // A result that cannot be written is sent again after its lease: at least once.
      retryForMs: RETRY_FOR_MS,
      onBatch: () => undefined,
    });
  }

  /** Returns the endpoints that the commit has disabled. */
  write(delivery: ClaimedDelivery, result: SendResult): Promise<readonly DisabledEndpoint[]> {
    return this.writes.push({ delivery, result });
  }

  /** Ends a delivery that cannot be sent any more. */
  async expire({ id, attempts }: ClaimedDelivery): Promise<void> {
    await this.database.query(EXPIRE, [id, attempts]);
  }

  /** Gives the place of a delivery that failed in this process to others. */
  async release({ id, attempts }: ClaimedDelivery): Promise<void> {
    await this.database.query(RELEASE, [id, attempts]);
  }

  /** Gives deliveries back that were claimed, and not sent. */
  async giveBack(deliveries: readonly ClaimedDelivery[]): Promise<void> {
    const values = [deliveries.map(({ id }) => id), deliveries.map(({ attempts }) => attempts)];
    await this.database.query(GIVE_BACK, values);
  }
}

function toInput({ delivery, result }: Attempt): Record<keyof typeof INPUT, unknown> {
  const verdict = judge(result);
  const dueMs = pauseAfter(delivery, verdict);
  const isCounted = !delivery.isReplay || delivery.isProbe;
  const failures = isCounted ? delivery.failures : delivery.replayFailures;
  return {
    id: delivery.id,
    endpointId: delivery.endpointId,
    url: delivery.url,
    attempts: delivery.attempts,
    state: stateAfter(verdict.kind, dueMs),
    dueMs,
    refused: verdict.kind === 'refused',
    status: result.status,
    error: result.error,
    durationMs: result.durationMs,
    isUp: verdict.kind !== 'down',
    isDelivered: verdict.kind === 'delivered',
    isGone: verdict.kind === 'gone',
    probeMs: verdict.kind === 'down' ? nextProbeMs(failures + 1, verdict.retryAfterMs) : null,
    isProbe: delivery.isProbe,
    isCounted,
    isFailingReplay: delivery.replayFailures > 0,
  };
}

/** Milliseconds until it may be sent again; null: never. */
function pauseAfter({ outages, refusals }: ClaimedDelivery, verdict: Verdict): number | null {
  if (verdict.kind === 'refused') return nextAttemptMs(refusals + 1, verdict.retryAfterMs);
  return verdict.kind === 'down' ? ownPauseMs(outages + 1) : null;
}

/** null: it stays pending. */
function stateAfter(kind: Verdict['kind'], dueMs: number | null): string | null {
  if (kind === 'delivered') return 'delivered';
  return kind === 'gone' || dueMs === null ? 'refused' : null;
}
