import { Injectable } from '@nestjs/common';
import { newUuid } from '../../common/ids.js';
import { Database } from '../../database/database.js';
import { PREVIOUS_SECRETS } from '../endpoints/endpoint.js';
import type { ClaimedDelivery } from './delivery.js';

/** Longer than any attempt, so that nobody else sends while one is in progress. */
const LEASE = `interval '30 s'`;
/** A probe that dies with its process is tried again after this time. */
const PROBE_LEASE = `interval '1 min'`;
const MAX_ENDPOINTS = 32;
/** Rows that one claim looks at for an endpoint, of live and of replayed deliveries each, whatever waits. */
const WINDOW = 64;
/** What an endpoint that is up and quick may have claimed at once, in progress or waiting for its turn in one instance. */
const IN_ADVANCE = 64;

/** True when replayed deliveries of the endpoint `p` may be sent. As the probe of an endpoint that is down they may. */
const TAKES_REPLAYS = `(p.failures > 0 or p.replay_due_at is null or p.replay_due_at <= now())`;

/** Each kind has its own range of the index, so that neither is found behind the other. */
const firstDue = (isReplay: boolean, endpoint: string): string =>
  `(select true from webhook_deliveries d
    where d.endpoint_id = ${endpoint} and d.is_replay = ${isReplay} and d.due_at <= now() limit 1)`;

const windowOf = (isReplay: boolean): string =>
  `(select d.id, d.endpoint_id, d.transaction_id, d.seq, d.is_replay, d.due_at from webhook_deliveries d
    where d.endpoint_id = r.id and d.is_replay = ${isReplay} and d.due_at <= now()
    order by d.due_at, d.seq limit ${isReplay ? `case when r.takes_replays then ${WINDOW} else 0 end` : WINDOW})`;

/**
 * Claims deliveries of endpoints that have room; the others take no part, so that many of them that hang do not take the
 * turns of one that is up. The lock on the endpoint makes instances take turns, without waiting. An
 * endpoint that is up has its window in progress; one instance claims more of it in advance, while no other instance has
 * claimed any. An endpoint that is down gets one delivery when its next probe is due, whatever waits. Live deliveries go
 * before replayed ones. A later event of a transaction is not claimed before the earlier one has ended; nothing else waits. A live one does
 * not wait for one that is sent again. One that must wait for a retry of the earlier one gets its time, so that it does not
 * stand in the way of others. Among deliveries with one due time the earlier events come first: they are always seen
 * before those that wait for them. The condition on `due_at` is checked again under the lock of the row.
 *
 * Statistics may be from a time at which the tables were empty. So single rows are found by `id` alone, and
 * those of a transaction in the order of the primary key: no other index can seem as good.
 */
export const CLAIM = `
with ready as (
  select p.id, p.app_id, p.url, p.secret, ${PREVIOUS_SECRETS} as previous_secrets,
    p.failures, p.replay_failures, ${TAKES_REPLAYS} as takes_replays,
    case when p.failures > 0 then 1 else p.max_in_flight end as "window",
    case when p.failures > 0 then 1 else most.rows - busy.sending end as room
  from webhook_endpoints p
  cross join lateral (
    select count(*) as sending, count(*) filter (where b.sender is distinct from $1) as elsewhere from webhook_deliveries b
    where b.endpoint_id = p.id and b.is_replay in (false, true) and b.due_at > now() and b.due_at <= now() + ${LEASE}
      and b.is_sending
  ) busy
  cross join lateral (
    select case when p.max_in_flight = 8 and busy.elsewhere = 0 and p.id <> all ($2::uuid[]) then ${IN_ADVANCE}
      else p.max_in_flight end as rows
  ) most
  where p.disabled_at is null and (p.next_probe_at is null or p.next_probe_at <= now())
    and (${firstDue(false, 'p.id')} or ${TAKES_REPLAYS} and ${firstDue(true, 'p.id')})
    and not exists (select from apps a where a.id = p.app_id and a.deleted_at is not null)
    and (p.failures > 0 or busy.sending < most.rows)
  order by random() limit ${MAX_ENDPOINTS}
  for no key update of p skip locked
), seen as (
  select w.id, w.endpoint_id, w.transaction_id, w.seq, w.is_replay, w.due_at, r.room, earlier.count > 0 as is_blocked,
    earlier.until, row_number() over (partition by w.endpoint_id, w.is_replay, earlier.count > 0 order by w.due_at,
      w.seq, w.transaction_id) > 1 and r.failures = 0 and r.replay_failures > 0 and w.is_replay as is_held
  from ready r
  cross join lateral (${windowOf(false)} union all ${windowOf(true)}) w
  cross join lateral (
    select count(*) as count, max(e.due_at) filter (where not e.is_sending) as until from (
      select b.due_at, b.is_sending from webhook_deliveries b
      where b.endpoint_id = w.endpoint_id and b.transaction_id = w.transaction_id and b.seq < w.seq
        and b.state = 'pending' and (w.is_replay or not b.is_replay)
      order by b.seq
    ) e
  ) earlier
), picked as (
  select s.* from (
    select *, row_number() over (partition by endpoint_id order by is_replay, due_at, seq, transaction_id) as place
    from seen where not is_blocked and not is_held
  ) s where s.place <= s.room
), moved as (
  update webhook_deliveries d set due_at = s.until
  from seen s
  where s.is_blocked and s.until > s.due_at and d.id = s.id and d.due_at is not distinct from s.due_at
), claimed as (
  update webhook_deliveries d set is_sending = true, sender = $1, attempts = d.attempts + 1, due_at = now() + ${LEASE}
  from picked k
  where d.id = k.id and coalesce(d.due_at <= now(), false)
  returning d.*
), probed as (
  update webhook_endpoints p set
    next_probe_at = case when r.failures > 0 then now() + ${PROBE_LEASE} end,
    replay_due_at = case when r.replay_failures > 0 then now() + ${PROBE_LEASE} end
  from ready r
  where p.id = r.id and (r.failures > 0 and exists (select from claimed c where c.endpoint_id = p.id)
    or r.replay_failures > 0 and exists (select from claimed c where c.endpoint_id = p.id and c.is_replay))
)
select c.id, c.endpoint_id as "endpointId", c.app_id as "appId", c.transaction_id as "transactionId", c.seq,
  c.event_id as "eventId", c.type, c.attempts, c.refusals, c.outages, c.is_replay as "isReplay", r.failures > 0 as "isProbe",
  r.failures, r.replay_failures as "replayFailures", r.url, r.secret, r.previous_secrets as "previousSecrets",
  extract(epoch from now() - c.created_at)::float8 * 1000 as "waitedMs",
  r."window", r.room <= count(*) over (partition by c.endpoint_id) as "isFull"
from claimed c join ready r on r.id = c.endpoint_id`;

/** Spares a gateway without endpoints the claims. */
const ENDPOINT_EXISTS = `select true from webhook_endpoints where disabled_at is null limit 1`;

@Injectable()
export class DeliveryClaims {
  /** Distinguishes what this instance has claimed from what others have. */
  private readonly sender = newUuid();

  constructor(private readonly database: Database) {}

  /**
   * Committed before anything is sent: if this process dies, the lease ends and another instance sends it again. Nothing is
   * claimed in advance for the endpoints in `slow`. It is planned each time: a plan that was made while the table was empty
   * would read all of it for each row.
   */
  async claim(slow: readonly string[] = []): Promise<ClaimedDelivery[]> {
    const endpoints = await this.database.prepared('webhook_endpoint_exists', ENDPOINT_EXISTS, []);
    return endpoints.length === 0 ? [] : this.database.query<ClaimedDelivery>(CLAIM, [this.sender, slow]);
  }
}
