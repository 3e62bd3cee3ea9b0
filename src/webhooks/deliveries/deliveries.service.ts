import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Audit, type AppCaller } from '../../access/index.js';
import { publicId } from '../../common/ids.js';
import { Problem } from '../../common/problem.js';
import { Database } from '../../database/database.js';
import type { DeliveryState } from './delivery.js';

export interface AttemptRow {
  readonly at: string;
  readonly durationMs: number;
  readonly status: number | null;
  readonly error: string | null;
}

/** A delivery as its app and operators see it. */
export interface DeliveryRow {
  readonly id: string;
  readonly endpointId: string;
  readonly eventId: string;
  readonly type: string;
  /** null: the event is not about a transaction. */
  readonly transactionId: string | null;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly nextAttemptAt: Date | null;
  readonly deliveredAt: Date | null;
  readonly log: readonly AttemptRow[];
}

/** The next attempt waits also for the endpoint: for its probe, or for the pause of replayed deliveries. */
const COLUMNS = `
  d.id, d.endpoint_id as "endpointId", d.event_id as "eventId", d.type,
  case when d.seq > 0 then d.transaction_id end as "transactionId", d.state, d.attempts, d.last_status as "lastStatus",
  d.last_error as "lastError", d.log, d.delivered_at as "deliveredAt",
  case when d.state = 'pending' and not d.is_sending and p.disabled_at is null then
    greatest(d.due_at, p.next_probe_at, case when d.is_replay and p.failures = 0 then p.replay_due_at end)
  end as "nextAttemptAt"`;

/** Operators see the deliveries of all endpoints. */
const IS_VISIBLE = `($1::uuid is null or p.app_id = $1)`;

const LIST = `
select ${COLUMNS} from webhook_deliveries d join webhook_endpoints p on p.id = d.endpoint_id
where ${IS_VISIBLE} and d.endpoint_id = $2 and ($3::text is null or d.state = $3) and ($4::uuid is null or d.id < $4)
order by d.id desc limit $5`;

const FIND = `
select ${COLUMNS} from webhook_deliveries d join webhook_endpoints p on p.id = d.endpoint_id
where ${IS_VISIBLE} and d.id = $2`;

/** It keeps its attempts: they tell the result of an older attempt from that of a newer one. */
const RESEND = `
with resent as (
update webhook_deliveries d set state = 'pending', due_at = now(), ended_at = null, is_replay = true, is_sending = false,
  refusals = 0, outages = 0, created_at = clock_timestamp()
from webhook_endpoints p
where p.id = d.endpoint_id and p.app_id = $1 and d.id = $2 and d.state <> 'pending' and p.disabled_at is null
returning d.id
) select id from resent`;

export interface DeliveryListRequest {
  /** null: of any. */
  readonly appId: string | null;
  readonly endpointId: string;
  /** null: all. */
  readonly state: DeliveryState | null;
  /** null: the first page. */
  readonly before: string | null;
  readonly limit: number;
}

/** Reads the deliveries of endpoints, and sends one again. */
@Injectable()
export class Deliveries {
  constructor(
    private readonly source: DataSource,
    private readonly database: Database,
    private readonly audit: Audit,
  ) {}

  /** Newest first. */
  list({ appId, endpointId, state, before, limit }: DeliveryListRequest): Promise<DeliveryRow[]> {
    return this.database.query<DeliveryRow>(LIST, [appId, endpointId, state, before, limit]);
  }

  /** @throws Problem `not_found` */
  async read(appId: string | null, id: string | null): Promise<DeliveryRow> {
    const [found] = id === null ? [] : await this.database.query<DeliveryRow>(FIND, [appId, id]);
    if (!found) throw Problem.notFound('delivery');
    return found;
  }

  /** @throws Problem `not_found`; `invalid_state` when it is pending, or its endpoint disabled */
  async resend(caller: AppCaller, id: string | null): Promise<DeliveryRow> {
    const { appId } = caller;
    const { id: found, state } = await this.read(appId, id);
    await this.source.transaction(async (manager) => {
      const resent = await manager.query<object[]>(RESEND, [appId, found]);
      if (resent.length === 0) throw notResent(state);
      await this.audit.record(caller, 'webhook_delivery.resend', publicId('whd', found), {}, manager);
    });
    return this.read(appId, found);
  }
}

function notResent(state: DeliveryState): Problem {
  return new Problem(
    'invalid_state',
    state === 'pending'
      ? 'The delivery is pending: it is sent anyway.'
      : 'The endpoint is disabled, or the delivery became pending just now. Enable the endpoint first.',
  );
}
