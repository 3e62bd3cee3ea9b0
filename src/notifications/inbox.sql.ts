import { jsonRows, type JsonFields } from '../database/json-rows.js';
import { transactionColumns } from '../ledger/model/columns.js';

const DAY_MS = 24 * 60 * 60_000;
/** The sender tries for 7 days. An orphan whose transaction is unknown by then stays an orphan. */
const ORPHAN_LIFETIME_MS = 7 * DAY_MS;
const ORPHAN_FIRST_RETRY_MS = 500;
const ORPHAN_MAX_RETRY_MS = 60 * 60_000;

/** SQL for the transaction of a notification. `limit` keeps it one index look-up, whatever the planner thinks. */
function subjectOf(providerAndCorrelation: string, columns = 't.id'): string {
  return `(select ${columns} from transactions t where (t.provider, t.correlation_id) = (${providerAndCorrelation}) limit 1)`;
}

/** Acknowledged, but not applied: it waits for its transaction or its turn, or its process ended. */
const UNAPPLIED = `'received', 'orphan'`;

/** The columns of the transaction that are needed to apply a notification. */
const SUBJECT = `t.id as "transactionId", ${transactionColumns('t', ['appId', 'status', 'quantity', 'unit', 'erasedAt'])}`;

export const ARRIVAL = {
  id: 'uuid',
  provider: 'text',
  sealed: 'text',
  correlationId: 'text',
} as const satisfies JsonFields;

export const CONCLUSION = {
  id: 'uuid',
  state: 'text',
  correlationId: 'text',
  transactionId: 'uuid',
} as const satisfies JsonFields;

/**
 * Stores notifications that have just arrived. A notification with an id that no transaction has becomes an orphan at
 * once; `$2` is the lease of every other one, in milliseconds. `earlier`: the notifications of the same transaction
 * that are not applied yet. It contains all that were acknowledged before this one arrived.
 */
export const STORE = `
with arrived as materialized (
  select r.*, t.*, r."correlationId" is not null and t."transactionId" is null as orphaned
  from ${jsonRows(ARRIVAL)}
  left join lateral ${subjectOf('r.provider, r."correlationId"', SUBJECT)} t on true
), stored as (
  insert into notifications (id, provider, sealed, correlation_id, state, due_at)
  select id, provider, decode(sealed, 'base64'), "correlationId", case when orphaned then 'orphan' else 'received' end,
    now() + case when orphaned then ${ORPHAN_FIRST_RETRY_MS} else $2::int end * interval '1 ms'
  from arrived on conflict (id) do nothing
)
select a.id, a."transactionId", a."appId", a.status, a.quantity, a.unit, a."erasedAt", array(
  select n.id from notifications n
  where n.provider = a.provider and n.correlation_id = a."correlationId" and n.state in (${UNAPPLIED}) and n.id < a.id
  order by n.id) as earlier
from arrived a where not a.orphaned`;

/**
 * The next time at which an orphan's transaction is looked up: at growing intervals. null after the orphan's lifetime.
 */
const NEXT_LOOK = `case when n.received_at > now() - interval '${ORPHAN_LIFETIME_MS} ms' then
  now() + least(${ORPHAN_FIRST_RETRY_MS} * 2 ^ least(n.attempts, 20), ${ORPHAN_MAX_RETRY_MS}) * interval '1 ms' end`;

const CLAIMED = `n.id, n.provider, n.correlation_id as "correlationId", n.sealed`;

/**
 * Claims notifications that are due. Orphans whose transaction is still not known are postponed without decrypting
 * them.
 */
export const CLAIM = `
with due as (
  select id, provider, correlation_id, state from notifications
  where due_at <= now() order by due_at limit $1 for update skip locked
), looked_at as materialized (
  select id, state <> 'orphan' or correlation_id is null
    or ${subjectOf('due.provider, due.correlation_id')} is not null as ready from due
), put_off as (
  update notifications n set attempts = n.attempts + 1, due_at = ${NEXT_LOOK}
  from looked_at l where n.id = l.id and not l.ready
)
update notifications n set attempts = n.attempts + 1, due_at = now() + $2 * interval '1 ms'
from looked_at l where n.id = l.id and l.ready
returning ${CLAIMED}`;

/** Claims orphans before their due time, because their transactions are known now. */
export const CLAIM_ORPHANS = `
update notifications n set attempts = n.attempts + 1, due_at = now() + $3 * interval '1 ms'
where n.provider = $1 and n.correlation_id = any($2) and n.state = 'orphan' and n.due_at is not null
returning ${CLAIMED}`;

export const CLAIM_ONE = `
update notifications n set attempts = n.attempts + 1, due_at = now() + $2 * interval '1 ms'
where n.id = $1
returning ${CLAIMED}`;

/**
 * Claims a notification unless it was applied meanwhile. Two processes may apply the same one: the second time changes
 * nothing.
 */
export const CLAIM_EARLIER = `
update notifications n set attempts = n.attempts + 1, due_at = now() + $2 * interval '1 ms'
where n.id = $1 and n.state in (${UNAPPLIED})
returning ${CLAIMED}`;

/** 20 failures over at least an hour are not a passing problem. */
const MIN_FAILURES = 20;
const MIN_FAILING_MS = 60 * 60_000;

/**
 * Counts a failure of a notification that later ones wait for. `parked` is true when it is given up. The attempts of an
 * orphan were look-ups, not failures: its first failure makes it `received` with one attempt.
 */
export const PARK = `
update notifications n set
  attempts = case when n.state = 'orphan' then 1 else n.attempts end,
  state = case when d.parked then 'unreadable' else 'received' end,
  due_at = case when not d.parked then n.due_at end
from (
  select id, state, state = 'received' and attempts >= ${MIN_FAILURES}
    and received_at <= now() - interval '${MIN_FAILING_MS} ms' as parked
  from notifications where id = $1 and state in (${UNAPPLIED}) for update
) d
where n.id = d.id
returning d.parked`;

export const LIST = `
select id, provider, received_at as "receivedAt", state, correlation_id as "correlationId",
  transaction_id as "transactionId", attempts, applied_at as "appliedAt", sealed,
  exists (select from transactions t where t.id = transaction_id and t.blocked_at is not null) as "isBlocked"
from notifications
where ($1::text is null or state = $1) and ($2::uuid is null or id < $2) and ($3::uuid is null or id = $3)
order by id desc limit $4`;

export const EARLIER = `
select r.id as later, n.id
from unnest($1::text[], $2::text[], $3::uuid[]) as r (provider, correlation_id, id)
join notifications n on n.provider = r.provider and n.correlation_id = r.correlation_id and n.id < r.id
where n.state in (${UNAPPLIED}) order by n.id`;

export const CONCLUDE = `
update notifications n set state = r.state, correlation_id = r."correlationId", transaction_id = r."transactionId",
  due_at = case when r.state = 'orphan' then ${NEXT_LOOK} end, applied_at = case when r.state = 'applied' then now() end
from ${jsonRows(CONCLUSION)}
where n.id = r.id`;
