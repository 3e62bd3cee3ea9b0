import type { PoolClient, QueryResultRow } from 'pg';
import type { Run } from './runs.js';
import type { Span } from './statement-file.js';

/** Of one step over a whole statement: a million lines against a million rows take a second. */
export const TIMEOUT_MS = 15 * 60_000;

/** A statement while it is compared: of its connection alone, and gone with it. Columns in the order of `StatementRows`. */
export const LINES = `
create temp table lines (line_no integer, transaction_id uuid, provider_reference text, reference text, succeeded boolean,
  amount bigint, unit text, at text, again boolean)`;

/**
 * The only look at everything: the statement beside the ledger. What stays is nearly nothing: lines that are not simply
 * right or may come again, those of open breaks, which they may explain, and what the statement should have: what was to
 * be sent in its time ($2, $3), what had no end yet as the statement before was compared and has ended since, and what
 * that one was cut off before, if this one reaches it ($4).
 */
const ODD = `
create temp table odd on commit drop as
select l.line_no, l.transaction_id as said, l.provider_reference, l.reference, l.succeeded, l.amount, l.unit, l.at, l.again,
  t.id, t.status, t.quantity, t.unit as ledger_unit, t.completed_at
from lines l full join (
  select id, status, quantity, unit, completed_at, status = 'succeeded' and type in ('topup', 'accrual')
    and (greatest(created_at, release_at) >= $2::timestamptz
        and ($3::timestamptz is null or greatest(created_at, release_at) <= $3)
      or completed_at <= $4::timestamptz and (
        completed_at >= $2 and completed_at > (
          select max(completed_at) from reconciliations
          where provider = $1 and kind = 'statement' and status = 'completed')
        or id in (
          select transaction_id from breaks
          where provider = $1 and class = 'cutoff_timing' and status = 'open' and transaction_id is not null))) as expected
  from transactions where provider = $1 and quantity is not null
) t on t.id = l.transaction_id
where case
  when l.line_no is null then t.expected
  when t.id is null or l.again or not l.succeeded then true
  else t.status <> 'succeeded' or t.quantity <> l.amount or t.unit <> l.unit or t.id in (
    select transaction_id from breaks where provider = $1 and status = 'open' and transaction_id is not null)
end`;

/** Lines without our id belong to the transaction with the provider's, else with the reference, if exactly one has it. */
const OTHERS = `
create temp table others on commit drop as
with nameless as (
  select line_no, provider_reference, reference from odd
  where line_no is not null and id is null and (provider_reference is not null or reference is not null)
), theirs as (
  select provider_reference, min(id::text)::uuid as id from transactions
  where provider = $1 and quantity is not null and provider_reference in (select provider_reference from nameless)
  group by provider_reference having count(*) = 1
), ours as (
  select reference, min(id::text)::uuid as id from transactions
  where provider = $1 and quantity is not null and type in ('topup', 'accrual')
    and reference in (select reference from nameless)
  group by reference having count(*) = 1
)
select n.line_no, t.id, t.status, t.quantity, t.unit as ledger_unit
from nameless n
left join theirs on theirs.provider_reference = n.provider_reference
left join ours on theirs.id is null and ours.reference = n.reference
join transactions t on t.id = coalesce(theirs.id, ours.id)`;

/** Lines that are right by themselves, of transactions that other lines speak of as well. */
const TWINS = `
insert into odd
select l.line_no, l.transaction_id, l.provider_reference, l.reference, l.succeeded, l.amount, l.unit, l.at, false,
  k.id, k.status, k.quantity, k.ledger_unit
from lines l
join (
  select id, status, quantity, ledger_unit from odd where again and id is not null
  union select id, status, quantity, ledger_unit from others
) k on k.id = l.transaction_id
where not exists (select from odd o where o.line_no = l.line_no)`;

const JUDGED = `
create temp table judged on commit drop as
select *, row_number() over (partition by key, case when key is null then record end order by succeeded desc, line_no) as copy
from (
  select o.line_no, o.succeeded, o.amount, o.unit, o.at, o.provider_reference, coalesce(o.id, x.id) as transaction_id,
    coalesce(o.status, x.status) as status, coalesce(o.quantity, x.quantity) as quantity,
    coalesce(o.ledger_unit, x.ledger_unit) as ledger_unit, coalesce(o.id, x.id, o.said) as key,
    coalesce(o.said::text, o.provider_reference, o.reference) as record
  from odd o left join others x on x.line_no = o.line_no and o.id is null
  where o.line_no is not null
) lines`;

/** What the lines mean, and what is not among them ($1: the last of them); later than that they cannot have it. */
const FOUND = `
create temp table found on commit drop as
select class, line_no, transaction_id, record || case when copy > 1 then e'\\t' || copy else '' end as record_key,
  case when transaction_id is not null and copy = 1 and unit = ledger_unit and amount <> quantity
    then abs(amount - quantity) else amount end as amount,
  unit, status, quantity,
  jsonb_strip_nulls(jsonb_build_object('line', line_no, 'id', record, 'providerReference', provider_reference,
    'succeeded', succeeded, 'amount', amount::text, 'unit', unit, 'at', at || 'Z')) as provider_record
from (select *, case
    when transaction_id is null then case when succeeded then 'missing_in_ledger' end
    when copy > 1 then case when succeeded then 'duplicate_at_provider' end
    when succeeded and (amount <> quantity or unit <> ledger_unit) then 'amount_mismatch'
    when status in ('unknown', 'processing') then 'late_confirmation'
    when status in ('pending', 'scheduled') then 'status_mismatch'
    when succeeded <> (status = 'succeeded') then 'status_conflict'
  end as class from judged offset 0) classed
where class is not null
union all
select case when completed_at <= $1::timestamptz then 'missing_at_provider' else 'cutoff_timing' end,
  null, id, null, quantity, ledger_unit, status, quantity, null
from odd o
where line_no is null and not exists (select from judged j where j.transaction_id = o.id)`;

/**
 * A UUID v7 for each, from the milliseconds $3 on: there may be as many as lines. What somebody is about to approve stays
 * as he saw it.
 */
const KEEP = `
insert into breaks (id, class, provider, transaction_id, record_key, run_id, amount, unit, detail, provider_record)
select (lpad(to_hex($3::bigint + (n >> 12)), 12, '0') || '7' || lpad(to_hex(n & 4095), 3, '0')
    || right(replace(gen_random_uuid()::text, '-', ''), 16))::uuid,
  class, $2, transaction_id, record_key, $1, amount, unit,
  jsonb_strip_nulls(jsonb_build_object('is', status, 'ledgerAmount', quantity::text)), provider_record
from (
  select *, row_number() over (order by class, line_no, transaction_id) - 1 as n from found
) numbered
on conflict (class, provider, transaction_id, notification_id, record_key) do update
  set run_id = excluded.run_id, amount = excluded.amount, unit = excluded.unit, detail = excluded.detail,
    provider_record = excluded.provider_record, updated_at = clock_timestamp()
  where breaks.status = 'open' and breaks.proposed is null`;

/**
 * What was missing has come, if only with a difference, which is a break of its own; what could still come has not; what
 * was on its way has ended as the line says.
 */
const EXPLAINED = `
update breaks b set status = 'resolved', resolved_at = now(), resolved_by = 'gateway', updated_at = now(),
  resolution = case when m.is_right then 'line_arrived' else 'superseded' end,
  reason = case when m.is_right then 'A later statement has the line.'
    when m.has_line then 'A later statement has its line, which differs: that is a break of its own.'
    else 'A later statement does not have the line: it is missing at the provider.' end
from (
  select b.id, b.class, b.transaction_id, j.status, j.line_no is not null as has_line,
    coalesce(j.succeeded and j.amount = j.quantity and j.unit = j.ledger_unit, false) as is_right
  from breaks b left join judged j on j.transaction_id = b.transaction_id and j.copy = 1
  where b.provider = $1 and b.status = 'open' and b.proposed is null
    and b.class in ('missing_at_provider', 'cutoff_timing', 'status_mismatch')
) m
where b.id = m.id and case m.class
  when 'status_mismatch' then m.is_right and m.status = 'succeeded'
  else m.has_line or m.class = 'cutoff_timing' and exists (
    select from found f where f.transaction_id = m.transaction_id and f.class = 'missing_at_provider')
end`;

/** Compares the statement in `lines` with the ledger and keeps what differs, within the transaction of `client`. */
export async function matchStatement(
  client: PoolClient,
  { id, provider, from, to }: Pick<Run, 'id' | 'provider' | 'from' | 'to'>,
  { first, last }: Span,
): Promise<Record<string, number>> {
  await client.query(`set local statement_timeout = ${TIMEOUT_MS}`);
  await client.query(`set local jit = off`);
  // Parts that fit into the processor's cache are joined faster than all at once.
  await client.query(`set local work_mem = '4MB'`);
  // Nobody knows how many rows of a statement fit; all of it is never joined a row at a time, nor sorted.
  await client.query(`set local enable_nestloop = off`);
  await client.query(`set local enable_mergejoin = off`);
  const since = from?.toISOString() ?? (first === null ? null : `${first.slice(0, 'YYYY-MM-DD'.length)}T00:00:00Z`);
  const until = last === null ? null : `${last}Z`;
  await rowsOf(client, ODD, [provider, since, to, until]);
  await client.query(`set local enable_nestloop = on`);
  await client.query(`set local work_mem = '64MB'`);
  await rowsOf(client, `analyze odd`, []);
  await rowsOf(client, OTHERS, [provider]);
  await rowsOf(client, `analyze others`, []);
  await rowsOf(client, TWINS, []);
  await rowsOf(client, JUDGED, []);
  await rowsOf(client, FOUND, [until]);
  await rowsOf(client, `analyze found, judged`, []);
  await rowsOf(client, KEEP, [id, provider, Date.now()]);
  await rowsOf(client, EXPLAINED, [provider]);
  const counts = await rowsOf<{ class: string; count: number }>(
    client,
    `select class, count(*)::int as count from found group by class order by class`,
    [],
  );
  return Object.fromEntries(counts.map((row) => [row.class, row.count]));
}

async function rowsOf<Row extends QueryResultRow>(client: PoolClient, text: string, values: unknown[]): Promise<Row[]> {
  return (await client.query<Row>(text, values)).rows;
}
