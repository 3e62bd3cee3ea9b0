import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import type { ClaimedDelivery } from './delivery.js';

/** Longer than any attempt, so that nobody else sends while one is in progress. */
const LEASE = `interval '30 s'`;
/** A probe that dies with its process is tried again after this time. */
const PROBE_LEASE = `interval '1 min'`;
const MAX_ENDPOINTS = 32;

/**
 * Claims deliveries of endpoints that have room. The lock on the endpoint makes instances take turns, without waiting. An
 * endpoint that is down gets one delivery when its next probe is due, whatever waits. A later event of a transaction is
 * not claimed before the earlier one has ended; nothing else waits. The condition on `due_at` is checked again under the
 * lock of the row.
 */
const CLAIM = `
with ready as (
  select p.id, p.app_id, p.url, p.secret, case when p.previous_until > now() then p.previous_secret end as previous_secret,
    p.failures, p.max_in_flight
  from webhook_endpoints p
  where p.disabled_at is null and (p.next_probe_at is null or p.next_probe_at <= now())
    and exists (select from webhook_deliveries d where d.endpoint_id = p.id and d.due_at <= now())
  order by random() limit ${MAX_ENDPOINTS}
  for no key update of p skip locked
), picked as (
  select r.id as endpoint_id, d.transaction_id, d.seq
  from ready r
  cross join lateral (
    select count(*) as sending from webhook_deliveries b
    where b.endpoint_id = r.id and b.is_sending and b.due_at > now()
  ) busy
  cross join lateral (
    select w.transaction_id, w.seq from webhook_deliveries w
    where w.endpoint_id = r.id and w.due_at <= now() and not exists (
      select from webhook_deliveries earlier
      where earlier.endpoint_id = w.endpoint_id and earlier.transaction_id = w.transaction_id and earlier.seq < w.seq
        and earlier.due_at is not null)
    order by w.due_at, w.transaction_id, w.seq
    limit case when r.failures > 0 then 1 else greatest(r.max_in_flight - busy.sending, 0) end
  ) d
), claimed as (
  update webhook_deliveries d set is_sending = true, attempts = d.attempts + 1, due_at = now() + ${LEASE}
  from picked k
  where d.endpoint_id = k.endpoint_id and d.transaction_id = k.transaction_id and d.seq = k.seq and d.due_at <= now()
  returning d.*
), probed as (
  update webhook_endpoints p set next_probe_at = now() + ${PROBE_LEASE}
  from ready r where p.id = r.id and r.failures > 0 and exists (select from claimed c where c.endpoint_id = p.id)
)
select c.id, c.endpoint_id as "endpointId", c.app_id as "appId", c.transaction_id as "transactionId", c.seq,
  c.event_id as "eventId", c.type, c.attempts, c.refusals, r.failures > 0 as "isProbe", r.failures, r.url, r.secret,
  r.previous_secret as "previousSecret"
from claimed c join ready r on r.id = c.endpoint_id`;

@Injectable()
export class DeliveryClaims {
  constructor(private readonly database: Database) {}

  /** Committed before anything is sent: if this process dies, the lease ends and another instance sends it again. */
  claim(): Promise<ClaimedDelivery[]> {
    return this.database.prepared<ClaimedDelivery>('webhook_claim', CLAIM, []);
  }
}
