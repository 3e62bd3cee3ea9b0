import { Injectable } from '@nestjs/common';
import { publicId } from '../../common/ids.js';
import { metrics } from '../../common/metrics.js';
import { Database } from '../../database/database.js';
import { Every } from '../../jobs/every.decorator.js';
import { FINAL_TYPES } from '../events/event-types.js';
import { UNTOLD } from './untold.js';

const GAUGES_MS = 15_000;
const UNTOLD_MS = 60_000;
/** Rows of one endpoint that a gauge reads at most. */
const MAX_ROWS = 10_000;
const STATES = ['enabled', 'failing', 'disabled'] as const;

/**
 * What waits because of an earlier event of its transaction is not late: the first row that may be sent counts. While a
 * delivery is being sent, `due_at` is the end of its lease, which is in the future.
 */
const WAITING = `
select case when p.disabled_at is not null then 'disabled' when p.failures > 0 then 'failing' else 'enabled' end as state,
  count(*)::int as endpoints, coalesce(sum(w.count), 0)::int as waiting,
  coalesce(max(extract(epoch from now() - o.due_at)), 0)::float8 as oldest
from webhook_endpoints p
cross join lateral (
  select count(*) as count from (
    select from webhook_deliveries d where d.endpoint_id = p.id and d.due_at is not null limit ${MAX_ROWS}
  ) few
) w
left join lateral (
  select d.due_at from webhook_deliveries d
  where d.endpoint_id = p.id and d.due_at <= now() and not exists (
    select from webhook_deliveries earlier
    where earlier.endpoint_id = d.endpoint_id and earlier.transaction_id = d.transaction_id and earlier.seq < d.seq
      and earlier.due_at is not null)
  order by d.due_at limit 1
) o on true
group by 1`;

interface Waiting {
  readonly state: (typeof STATES)[number];
  readonly endpoints: number;
  readonly waiting: number;
  readonly oldest: number;
}

/** Refreshes the gauges of webhooks from the database. */
@Injectable()
export class DeliveryGauges {
  constructor(private readonly database: Database) {}

  @Every(GAUGES_MS)
  async showWaiting(): Promise<void> {
    const rows = await this.database.query<Waiting>(WAITING);
    for (const state of STATES) {
      metrics.webhookEndpoints.set({ state }, rows.find((row) => row.state === state)?.endpoints ?? 0);
    }
    metrics.webhookWaiting.set(rows.reduce((sum, { waiting }) => sum + waiting, 0));
    metrics.webhookOldestSeconds.set(rows.find(({ state }) => state === 'enabled')?.oldest ?? 0);
  }

  @Every(UNTOLD_MS)
  async showUntold(): Promise<void> {
    const rows = await this.database.query<{ appId: string; count: number }>(UNTOLD, [FINAL_TYPES]);
    metrics.webhookUntold.reset();
    for (const { appId, count } of rows) metrics.webhookUntold.set({ app: publicId('app', appId) }, count);
  }
}
