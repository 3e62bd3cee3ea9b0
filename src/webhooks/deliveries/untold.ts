import { IS_PUBLISHED, TYPE_SQL } from '../events/event-types.js';

/** Deliveries of one endpoint that are read at most, of each kind. */
const MAX_ROWS = 10_000;
/** Events of one app that are read at most, the newest ones. */
const MAX_EVENTS = 2_000;
/** Apps that are shown at most, those with most untold transactions first. */
const MAX_APPS = 100;

const OLDEST = `(now() - interval '7 days')`;
const NEWEST = `(now() - interval '1 hour')`;

/** Ids begin with the milliseconds of their event. A row that is sent again has a new `created_at`, but not a new id. */
const msOf = (time: string): string => `lpad(to_hex((extract(epoch from ${time}) * 1000)::bigint), 12, '0')`;
const idAt = (time: string): string => `(${msOf(time)} || '00000000000000000000')::uuid`;

const deliveries = (condition: string, order: string): string =>
  `(select w.transaction_id, w.seq, w.type, w.event_id, w.delivered_at from webhook_deliveries w
    where w.endpoint_id = p.id and ${condition} order by ${order} limit ${MAX_ROWS})`;

/** True when an endpoint of the app has taken the event of `x`. */
const IS_TOLD = `exists (
  select from webhook_endpoints other
  join webhook_deliveries d on d.endpoint_id = other.id and d.transaction_id = x.transaction_id and d.seq = x.seq
  where other.app_id = x.app_id and d.delivered_at is not null)`;

/**
 * The number of transactions for each app that became final between an hour and seven days ago, while it had an endpoint for
 * that, and of which no endpoint has taken the final event. $1: the final types.
 *
 * `open` are deliveries that wait or were given up: few in normal times. `missed` are events that may have no delivery,
 * because an endpoint is disabled, or was changed in these days, e.g. enabled again. An app has none if another endpoint
 * wanted the same and was enabled unchanged for all that time. So healthy apps cost nothing; the limits bound the cost for
 * all others, and with it the number.
 */
export const UNTOLD = `
with endpoints as (
  select p.id, p.app_id, p.types, p.created_at, p.updated_at, p.disabled_at from webhook_endpoints p
  where p.app_id is not null and not exists (select from apps a where a.id = p.app_id and a.deleted_at is not null)
), open as (
  select p.app_id, d.transaction_id, d.seq
  from endpoints p
  cross join lateral (
    ${deliveries('w.due_at is not null', 'w.due_at')}
    union all ${deliveries(`w.state = 'refused'`, 'w.id desc')}
    union all ${deliveries(`w.state = 'expired'`, 'w.id desc')}
  ) d
  where d.type = any($1) and d.delivered_at is null
    and d.event_id > ${idAt(OLDEST)} and d.event_id < ${idAt(NEWEST)}
), doubtful as (
  select p.app_id from endpoints p
  where (p.disabled_at is not null or p.updated_at > p.created_at and p.updated_at > ${OLDEST})
    and p.types && $1 and not exists (
      select from webhook_endpoints h
      where h.app_id = p.app_id and h.disabled_at is null and h.updated_at <= greatest(p.created_at, ${OLDEST})
        and h.types @> array(select type from unnest(p.types) type where type = any($1)))
  group by p.app_id order by max(coalesce(p.disabled_at, p.updated_at)) desc limit ${MAX_APPS}
), missed as (
  select a.app_id, e.transaction_id, e.seq
  from doubtful a
  cross join lateral (
    select e.transaction_id, e.seq, e.at, ${TYPE_SQL} as type from transaction_events e
    where e.app_id = a.app_id and ${IS_PUBLISHED} and e.at > ${OLDEST} and e.at < ${NEWEST}
    order by e.at desc, e.id desc limit ${MAX_EVENTS}
  ) e
  where e.type = any($1) and exists (
    select from webhook_endpoints p where p.app_id = a.app_id and p.created_at <= e.at and e.type = any(p.types))
)
select x.app_id as "appId", count(distinct x.transaction_id)::int as count
from (select * from open union all select * from missed) x
where not ${IS_TOLD}
group by x.app_id order by count desc limit ${MAX_APPS}`;
