import type { PoolClient } from 'pg';
import type { Database } from '../../database/database.js';
import { jsonRows } from '../../database/json-rows.js';
import { SETTLE_INPUT, settleInput } from './settle-input.js';
import type { SettleRow } from './settlement.js';

export type { Settlement, SettleRow, ReportedBalance } from './settlement.js';

export interface Settled {
  readonly moved: boolean;
  readonly version: number;
  readonly updatedAt: Date;
  readonly completedAt: Date | null;
}

/** `moved` returns the columns of `input` too: a second join would compare all rows of a batch with each other. */
const SETTLE = `
with input as (
  select * from ${jsonRows(SETTLE_INPUT)}
), moved as (
  update transactions t set
    status = coalesce(i."to", t.status),
    correlation_id = coalesce(i."correlationId", t.correlation_id),
    provider_reference = coalesce(i."providerReference", t.provider_reference),
    failure = coalesce(i.failure, t.failure),
    detail = t.detail || coalesce(i.detail, '{}'),
    sealed = coalesce(decode(i.sealed, 'base64'), t.sealed),
    attempts = t.attempts - coalesce(i."notSent", false)::integer,
    attempt_open = t.attempt_open and i.keeps,
    due_at = case when i."to" in ('succeeded', 'failed', 'canceled') then null when i.keeps then t.due_at
      when i."dueMs" is null then null
      else least(clock_timestamp() + i."dueMs" * interval '1 ms', t.expires_at) end,
    expected_by = case when i."to" in ('succeeded', 'failed', 'canceled', 'unknown') then null
      else coalesce(clock_timestamp() + i."expectedMs" * interval '1 ms', t.expected_by) end,
    parked = coalesce(i.parked, false),
    version = t.version + 1,
    updated_at = now(),
    completed_at = case when i."to" in ('succeeded', 'failed', 'canceled') then now() else t.completed_at end
  from input i
  where t.id = i.id and t.app_id = i."appId" and t.status = i."from" and (i.epoch is null or t.epoch = i.epoch)
  returning t.id, t.app_id, t.provider, t.resource_id, t.version, t.updated_at, t.completed_at, i."from", i."to", i.actor,
    i.evidence, i."eventDetail", i."eventId", i.quantity, i.debit, i.credit, i."balanceId", i.balance, i."begunAt",
    i.alone, i.resource, i."resourceSealed", i."notificationId", i."providerReference", t.correlation_id, t.erased_at
), event as (
  insert into transaction_events (id, transaction_id, app_id, seq, from_status, to_status, actor, evidence, detail)
  select "eventId", id, app_id, version, "from", "to", actor, evidence, coalesce("eventDetail", '{}') ||
    case when "providerReference" is null then '{}' else jsonb_build_object('providerReference', "providerReference") end
  from moved
), entry as (
  insert into ledger_entries (transaction_id, app_id, seq, phase, debit_account, credit_account, amount)
  select id, app_id, version, case when "to" = 'succeeded' then 'post' else 'release' end, debit, credit, quantity
  from moved where quantity is not null and "to" in ('succeeded', 'failed', 'canceled')
), rated as materialized (
  select "balanceId", provider, balance, id, "begunAt",
    case when alone then observed_rate(balance, "begunAt", provider, id, quantity) end as rate
  from moved where balance is not null
), reported as (
  insert into provider_balances (id, provider, balance, source, transaction_id, begun_at, unit_rate, rate_counts)
  select "balanceId", provider, balance, 'purchase', id, "begunAt", rate, weigh_rate(provider, rate) from rated
), resource as (
  update resources r set
    status = coalesce(m.resource->>'status', r.status),
    provider_reference = coalesce(m.resource->>'providerReference', r.provider_reference),
    detail = r.detail || coalesce(m.resource->'detail', '{}'),
    metadata = case when r.erased_at is null then coalesce(m.resource->'metadata', r.metadata) else r.metadata end,
    sealed = case when r.erased_at is null then coalesce(decode(m."resourceSealed", 'base64'), r.sealed) end,
    updated_at = now()
  from moved m
  where r.id = m.resource_id and r.app_id = m.app_id and m.resource is not null
), applied as (
  update notifications n set state = 'applied', correlation_id = m.correlation_id, transaction_id = m.id, due_at = null,
    applied_at = now()
  from moved m where n.id = m."notificationId" and m.erased_at is null
)
select id, version, updated_at as "updatedAt", completed_at as "completedAt" from moved`;

/** Locks rows in the order of their ids, so that two batches never deadlock. Waits for an earlier attempt's commit. */
const LOCK = `
select from transactions t join ${jsonRows({ id: 'uuid', appId: 'uuid' })} on t.id = r.id and t.app_id = r."appId"
order by t.id for update of t`;

/** Rows that an earlier attempt of the same batch has written, whose response was lost. */
const WRITTEN_EARLIER = `
select t.id, t.version, t.updated_at as "updatedAt", t.completed_at as "completedAt"
from ${jsonRows({ id: 'uuid', appId: 'uuid', eventId: 'uuid' })}
join transaction_events e on e.transaction_id = r.id and e.app_id = r."appId" and e.id = r."eventId"
join transactions t on t.id = r.id and t.app_id = r."appId"`;

interface Moved {
  id: string;
  version: number;
  updatedAt: Date;
  completedAt: Date | null;
}

/**
 * Writes the outcomes of transactions, each with its event, posting or release, and resource, in one statement and one
 * commit. A row that has changed since its writer read it is not written; its result is `moved: false`.
 */
export async function settle(database: Database, rows: readonly SettleRow[], retried: boolean): Promise<Settled[]> {
  const moved = retried
    ? await database.transaction((client) => settleAgain(client, rows))
    : await database.prepared<Moved>('ledger_settle', SETTLE, [settleInput(rows)]);
  const byId = new Map(moved.map((row) => [row.id, row]));
  return rows.map((row) => {
    const found = byId.get(row.id);
    if (!found) return { moved: false, version: 0, updatedAt: new Date(0), completedAt: null };
    return { moved: true, version: found.version, updatedAt: found.updatedAt, completedAt: found.completedAt };
  });
}

/**
 * Finds the rows of an earlier attempt by their events first, because a row that keeps its status would look unwritten.
 */
async function settleAgain(client: PoolClient, rows: readonly SettleRow[]): Promise<Moved[]> {
  const text = settleInput(rows);
  await client.query(LOCK, [text]);
  const { rows: earlier } = await client.query<Moved>(WRITTEN_EARLIER, [text]);
  const done = new Set(earlier.map(({ id }) => id));
  const left = rows.filter(({ id }) => !done.has(id));
  if (left.length === 0) return earlier;
  const { rows: moved } = await client.query<Moved>(SETTLE, [settleInput(left)]);
  return [...earlier, ...moved];
}
