import type { Database } from '../database/database.js';
import { newUuid } from '../ids.js';
import type { AccountPair } from './accounts.js';
import type { Failure, JsonObject, Status } from './transaction.js';

/** What is left at the provider, as the answer to an operation told it; a decimal as exact as it came. */
export interface ToldBalance {
  readonly balance: string;
  /** The database's clock before the operation was sent. */
  readonly begunAt: Date;
  /** No other operation of this process was under way meanwhile: what it has cost may be seen. */
  readonly alone: boolean;
}

/** Who is working on a row, proved by the epoch of the lease; `null` for those who hold none (a notification). */
export interface Settlement {
  readonly id: string;
  readonly appId: string;
  /** The status the writer saw; when it is another by now nothing is written. */
  readonly from: Status;
  readonly epoch: number | null;
  /** null: evidence without a move. */
  readonly to: Status | null;
  readonly correlationId?: string | null;
  readonly providerReference?: string | null;
  readonly failure?: Failure | null;
  /** Members merged into the transaction's detail. */
  readonly detail?: JsonObject;
  /** Replaces the sealed data when given. */
  readonly sealed?: Buffer;
  /** Milliseconds until somebody must look again, at the latest when it expires; null: nobody. */
  readonly dueInMs: number | null;
  readonly expectedInMs?: number | null;
  /** The call was certainly not sent: it does not count as an attempt. */
  readonly attemptNotSent?: boolean;
  /** Leave lease, due time and open attempt as they are: the writer is not who works on the row. */
  readonly keepsLease?: boolean;
  readonly parked?: boolean;
  readonly resource?: {
    readonly status?: string;
    readonly providerReference?: string | null;
    readonly detail?: JsonObject;
    readonly sealed?: Buffer;
    readonly metadata?: JsonObject;
  };
  /** The balance that the provider told with this outcome. */
  readonly told?: ToldBalance;
  readonly actor: string;
  /** What the move rests on, e.g. `answer`, `notification`, `timeout`. */
  readonly evidence: string;
  readonly eventDetail?: JsonObject;
  readonly eventId: string;
  /** Applied by this very commit, unless its person has been erased: nothing told of them is kept. */
  readonly notificationId?: string;
}

export type SettleRow = Settlement & {
  readonly accounts: AccountPair | null;
  readonly quantity: bigint | null;
};

export interface Settled {
  readonly moved: boolean;
  readonly version: number;
  readonly updatedAt: Date;
  readonly completedAt: Date | null;
}

/** What moved carries its input along: joined again, rows of a batch were compared with each other, all with all. */
const SETTLE = `
with input as (
  select * from json_to_recordset($1::json) as r (
    id uuid, "appId" uuid, "from" text, epoch integer, "to" text, "correlationId" text, "providerReference" text,
    failure jsonb, detail jsonb, sealed text, "dueMs" bigint, "expectedMs" bigint, "notSent" boolean, keeps boolean,
    parked boolean, resource jsonb, "resourceSealed" text, actor text, evidence text, "eventDetail" jsonb,
    "eventId" uuid, quantity bigint, debit bigint, credit bigint, "balanceId" uuid, balance numeric,
    "begunAt" timestamptz, alone boolean, "notificationId" uuid)
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
    i.alone, i.resource, i."resourceSealed", i."notificationId", t.correlation_id, t.erased_at
), event as (
  insert into transaction_events (id, transaction_id, app_id, seq, from_status, to_status, actor, evidence, detail)
  select "eventId", id, app_id, version, "from", "to", actor, evidence, coalesce("eventDetail", '{}') from moved
), entry as (
  insert into ledger_entries (transaction_id, app_id, seq, phase, debit_account, credit_account, amount)
  select id, app_id, version, case when "to" = 'succeeded' then 'post' else 'release' end, debit, credit, quantity
  from moved where quantity is not null and "to" in ('succeeded', 'failed', 'canceled')
), rated as materialized (
  select "balanceId", provider, balance, id, "begunAt",
    case when alone then observed_rate(balance, "begunAt", provider, id, quantity) end as rate
  from moved where balance is not null
), told as (
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

/** Events of an earlier try of the same batch whose commit's answer was lost. */
const ALREADY = `
select t.id, t.version, t.updated_at as "updatedAt", t.completed_at as "completedAt"
from json_to_recordset($1::json) as r (id uuid, "appId" uuid, "eventId" uuid)
join transaction_events e on e.transaction_id = r.id and e.app_id = r."appId" and e.id = r."eventId"
join transactions t on t.id = r.id and t.app_id = r."appId"`;

interface Moved {
  id: string;
  version: number;
  updatedAt: Date;
  completedAt: Date | null;
}

/**
 * Moves transactions on, each with its event, its posting or release and its resource: one statement, one commit. A row
 * that is no longer as its writer saw it is left alone and answered with `moved: false`.
 */
export async function settle(database: Database, rows: readonly SettleRow[], retried: boolean): Promise<Settled[]> {
  const text = JSON.stringify(rows.map(toInput));
  const moved = await database.prepared<Moved>('ledger_settle', SETTLE, [text]);
  const earlier = retried && moved.length < rows.length ? await database.query<Moved>(ALREADY, [text]) : [];
  const byId = new Map([...earlier, ...moved].map((row) => [row.id, row]));
  return rows.map((row) => {
    const found = byId.get(row.id);
    if (!found) return { moved: false, version: 0, updatedAt: new Date(0), completedAt: null };
    return { moved: true, version: found.version, updatedAt: found.updatedAt, completedAt: found.completedAt };
  });
}

function toInput(row: SettleRow): Record<string, unknown> {
  const { resource } = row;
  return {
    id: row.id,
    appId: row.appId,
    from: row.from,
    epoch: row.epoch,
    to: row.to,
    correlationId: row.correlationId,
    providerReference: row.providerReference,
    failure: row.failure,
    detail: row.detail,
    sealed: row.sealed?.toString('base64'),
    dueMs: row.dueInMs,
    expectedMs: row.expectedInMs,
    notSent: row.attemptNotSent,
    keeps: row.keepsLease === true,
    parked: row.parked,
    resource: resource && {
      status: resource.status,
      providerReference: resource.providerReference,
      detail: resource.detail,
      metadata: resource.metadata,
    },
    resourceSealed: resource?.sealed?.toString('base64'),
    actor: row.actor,
    evidence: row.evidence,
    eventDetail: row.eventDetail,
    eventId: row.eventId,
    notificationId: row.notificationId,
    quantity: row.quantity?.toString(),
    debit: row.accounts?.debit,
    credit: row.accounts?.credit,
    ...(row.told && {
      balanceId: newUuid(),
      balance: row.told.balance,
      begunAt: row.told.begunAt,
      alone: row.told.alone,
    }),
  };
}
