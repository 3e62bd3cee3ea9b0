import { Injectable } from '@nestjs/common';
import { GroupCommit } from '../../database/group-commit.js';
import { Database } from '../../database/database.js';
import { jsonRows } from '../../database/json-rows.js';
import type { SendResult } from '../sending/webhook-http.service.js';
import { judge, type ClaimedDelivery } from './delivery.js';
import { nextAttemptMs, nextProbeMs } from './retry-ladders.js';

/** An endpoint that was down for this time, and for this number of probes, is disabled. */
const DISABLE_AFTER = `interval '5 days'`;
const DISABLE_AFTER_PROBES = 20;
const MAX_ROWS = 64;
const MAX_WAITING = 4_096;
const RETRY_FOR_MS = 20_000;

const INPUT = {
  id: 'uuid',
  endpointId: 'uuid',
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
} as const;

/**
 * A result is written only by the holder of the last lease: `attempts` has not changed since its claim. An endpoint that is
 * already known to be down is not written again by attempts that began before: one step of the ladder for one probe.
 * Healthy endpoints are written at most every 10 s.
 */
const WRITE = `
with input as (
  select * from ${jsonRows(INPUT)}
), written as (
  update webhook_deliveries d set
    is_sending = false,
    state = coalesce(i.state, d.state),
    due_at = case when i.state is null then now() + i."dueMs" * interval '1 ms' end,
    ended_at = case when i.state is not null then now() end,
    refusals = d.refusals + i.refused::integer,
    last_status = i.status,
    last_error = i.error,
    log = (case when jsonb_array_length(d.log) >= 10 then d.log - 0 else d.log end) || jsonb_build_object(
      'at', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'durationMs', i."durationMs", 'status', i.status, 'error', i.error)
  from input i
  where d.id = i.id and d.attempts = i.attempts and d.is_sending
  returning i.*
), health as (
  select "endpointId" as id, bool_or("isUp") as is_up, bool_or("isDelivered") as is_delivered, bool_or("isGone") as is_gone,
    count(*) filter (where "isDelivered") as delivered, bool_or("isProbe" and not "isUp") as probe_failed,
    max("probeMs") as probe_ms
  from written group by "endpointId"
), changed as (
  update webhook_endpoints p set
    last_success_at = case when h.is_delivered then now() else p.last_success_at end,
    failures = case when h.is_up then 0 else p.failures + 1 end,
    failing_since = case when h.is_up then null else coalesce(p.failing_since, now()) end,
    next_probe_at = case when h.is_up then null else now() + h.probe_ms * interval '1 ms' end,
    max_in_flight = case when h.is_up then least(p.max_in_flight * 2, 8) else 1 end,
    disabled_at = case when p.disabled_at is not null then p.disabled_at when h.is_gone then now()
      when not h.is_up and p.failing_since < now() - ${DISABLE_AFTER} and p.failures + 1 >= ${DISABLE_AFTER_PROBES}
        then now() end,
    disabled_reason = case when p.disabled_at is not null then p.disabled_reason when h.is_gone then 'gone'
      when not h.is_up and p.failing_since < now() - ${DISABLE_AFTER} and p.failures + 1 >= ${DISABLE_AFTER_PROBES}
        then 'failing' end
  from health h
  where p.id = h.id and case when h.is_gone then true
    when h.is_up then p.failures > 0 or p.max_in_flight < 8 or p.last_success_at is null
      or p.last_success_at < now() - interval '10 s'
    else p.failures = 0 or h.probe_failed end
  returning p.id, p.app_id, p.disabled_reason, p.disabled_at = now() as is_new
)
select id, app_id as "appId", disabled_reason as reason from changed where is_new`;

export interface DisabledEndpoint {
  readonly id: string;
  readonly appId: string;
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

  constructor(database: Database) {
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
}

function toInput({ delivery, result }: Attempt): Record<keyof typeof INPUT, unknown> {
  const verdict = judge(result);
  const isRefused = verdict.kind === 'refused';
  const dueMs = isRefused ? nextAttemptMs(delivery.refusals + 1, verdict.retryAfterMs) : 0;
  return {
    id: delivery.id,
    endpointId: delivery.endpointId,
    attempts: delivery.attempts,
    state: stateAfter(verdict.kind, dueMs),
    dueMs,
    refused: isRefused,
    status: result.status,
    error: result.error,
    durationMs: result.durationMs,
    isUp: verdict.kind !== 'down',
    isDelivered: verdict.kind === 'delivered',
    isGone: verdict.kind === 'gone',
    probeMs: verdict.kind === 'down' ? nextProbeMs(delivery.failures + 1, verdict.retryAfterMs) : null,
    isProbe: delivery.isProbe,
  };
}

/** null: it stays pending. */
function stateAfter(kind: ReturnType<typeof judge>['kind'], dueMs: number | null): string | null {
  if (kind === 'delivered') return 'delivered';
  return kind === 'gone' || dueMs === null ? 'refused' : null;
}
