import type { PoolClient, QueryResultRow } from 'pg';
import type { Database } from '../database/database.js';
import { newUuid } from '../ids.js';
import type { Run } from './runs.js';

/** Of one step over a whole statement: a million lines against a million rows take seconds. */
const TIMEOUT_MS = 15 * 60_000;

/** Of lines that do not have our id: the transaction with the provider's, else with the reference, if exactly one has it. */
const MATCH_OTHERS = `
create temp table other on commit drop as
select l.line_no, t.id, t.status, t.quantity, t.unit
from statement_lines l
left join transactions b on b.provider_reference = l.provider_reference and b.provider = $2
left join (
  select reference, (array_agg(id))[1] as id from transactions
  where provider = $2 and quantity is not null and type in ('topup', 'accrual')
    and reference in (select reference from statement_lines where run_id = $1)
  group by reference having count(*) = 1
) c on b.id is null and c.reference = l.reference
join transactions t on t.id = coalesce(b.id, c.id)
where l.run_id = $1 and (l.provider_reference is not null or l.reference is not null)`;

/**
 * The lines with their transactions, without those that are simply right: nearly all. Those of open breaks stay, because
 * they may explain them.
 */
const MATCH = `
create temp table matched on commit drop as
select *, row_number() over (partition by key, case when key is null then record end order by succeeded desc, line_no) as copy
from (
  select l.line_no, l.succeeded, l.amount, l.unit, coalesce(a.id, o.id) as transaction_id,
    coalesce(a.status, o.status) as status, coalesce(a.quantity, o.quantity) as quantity,
    coalesce(a.unit, o.unit) as ledger_unit, coalesce(a.id, o.id, l.transaction_id) as key,
    coalesce(l.transaction_id::text, l.provider_reference, l.reference) as record
  from statement_lines l
  left join transactions a on a.id = l.transaction_id and a.provider = $2 and a.quantity is not null
  left join other o on a.id is null and o.line_no = l.line_no
  left join (
    select transaction_id as id from statement_lines where run_id = $1 group by 1 having count(*) > 1
  ) repeated on repeated.id = a.id
  left join (
    select distinct transaction_id as id from breaks
    where provider = $2 and status = 'open' and transaction_id is not null
  ) open on open.id = a.id
  where l.run_id = $1 and (a.id is null or not l.succeeded or a.status <> 'succeeded' or a.quantity <> l.amount
    or a.unit <> l.unit or repeated.id is not null or open.id is not null)
) judged`;

/** What every line means that is not simply right. */
const FROM_LINES = `
insert into found (class, transaction_id, record_key, line_no, amount, unit)
select class, transaction_id, record || case when copy > 1 then '#' || copy else '' end, line_no, risk, unit
from (
  select m.*,
    case
      when transaction_id is null then case when succeeded then 'missing_in_ledger' end
      when copy > 1 then case when succeeded then 'duplicate_at_provider' end
      when succeeded and (amount <> quantity or unit <> ledger_unit) then 'amount_mismatch'
      when status in ('unknown', 'processing') then 'late_confirmation'
      when status in ('pending', 'scheduled') then 'status_mismatch'
      when succeeded <> (status = 'succeeded') then 'status_conflict'
    end as class,
    case when transaction_id is not null and copy = 1 and unit = ledger_unit and amount <> quantity
      then abs(amount - quantity) else amount end as risk
  from matched m
) judged where class is not null`;

/** What the ledger says was done and the statement does not have; later than its last line it cannot have it. */
const FROM_LEDGER = `
with span as (select min(at) as first, max(at) as last from statement_lines where run_id = $4)
insert into found (class, transaction_id, amount, unit)
select case when t.completed_at > span.last then 'cutoff_timing' else 'missing_at_provider' end, t.id, t.quantity, t.unit
from transactions t, span
where t.provider = $1 and t.status = 'succeeded' and t.quantity is not null and t.type in ('topup', 'accrual')
  and t.created_at >= coalesce($2::timestamptz, date_trunc('day', span.first))
  and ($3::timestamptz is null or t.completed_at <= $3)
  and not exists (select from statement_lines l where l.run_id = $4 and l.transaction_id = t.id)
  and not exists (select from matched m where m.transaction_id = t.id)`;

const KEEP = `
insert into breaks (id, class, provider, transaction_id, record_key, run_id, amount, unit, detail, provider_record)
select ($2::uuid[])[row_number() over (order by f.class, f.line_no, f.transaction_id)], f.class, $3, f.transaction_id,
  f.record_key, $1, f.amount, f.unit,
  jsonb_strip_nulls(jsonb_build_object('is', t.status, 'ledgerAmount', t.quantity::text)),
  case when l.line_no is not null then jsonb_build_object('line', l.line_no,
    'id', coalesce(l.transaction_id::text, l.provider_reference, l.reference), 'succeeded', l.succeeded,
    'amount', l.amount::text, 'unit', l.unit, 'at', l.at) end
from found f
left join transactions t on t.id = f.transaction_id
left join statement_lines l on l.run_id = $1 and l.line_no = f.line_no
on conflict (class, provider, transaction_id, notification_id, record_key) do update
  set run_id = excluded.run_id, updated_at = clock_timestamp() where breaks.status = 'open'`;

/** What was missing has come; what could still come has not; what was on its way has ended as the line says. */
const EXPLAINED = `
update breaks b set status = 'resolved', resolved_at = now(), resolved_by = 'gateway', updated_at = now(),
  resolution = case when m.transaction_id is not null then 'line_arrived' else 'superseded' end,
  reason = case when m.transaction_id is not null then 'A later statement has the line.'
    else 'A later statement does not have the line: it is missing at the provider.' end
from (
  select b.id, m.transaction_id from breaks b
  left join matched m on m.transaction_id = b.transaction_id and m.copy = 1 and m.succeeded
    and m.amount = m.quantity and m.unit = m.ledger_unit
  where b.provider = $1 and b.status = 'open' and b.proposed is null
    and (b.class in ('missing_at_provider', 'cutoff_timing') and m.transaction_id is not null
      or b.class = 'cutoff_timing' and exists (
        select from found f where f.transaction_id = b.transaction_id and f.class = 'missing_at_provider')
      or b.class = 'status_mismatch' and m.status = 'succeeded')
) m where b.id = m.id`;

/**
 * Compares a whole statement with the ledger, in one commit: a run that is cut off does it anew. `onBackend` hears which
 * backend can be told to stop.
 */
export async function matchStatement(
  database: Database,
  run: Run,
  onBackend: (pid: number) => void,
): Promise<Record<string, number>> {
  return database.transaction(async (client) => {
    await client.query(`set local statement_timeout = ${TIMEOUT_MS}`);
    await client.query(`set local work_mem = '256MB'`);
    // Fresh rows have no statistics; and a whole statement is never joined a row at a time.
    await long(client, `analyze statement_lines, transactions`, []);
    await client.query(`set local enable_nestloop = off`);
    await client.query(`set local jit = off`);
    const [backend] = await long<{ pid: number }>(client, `select pg_backend_pid() as pid`, []);
    onBackend(backend?.pid ?? 0);
    await long(client, MATCH_OTHERS, [run.id, run.provider]);
    await long(client, MATCH, [run.id, run.provider]);
    await client.query(
      `create temp table found (class text, transaction_id uuid, record_key text, line_no integer, amount bigint,
         unit text) on commit drop`,
    );
    await long(client, FROM_LINES, []);
    await long(client, FROM_LEDGER, [run.provider, run.from, run.to, run.id]);
    const rows = await long<{ class: string; count: number }>(
      client,
      `select class, count(*)::int as count from found group by class order by class`,
      [],
    );
    const total = rows.reduce((sum, row) => sum + row.count, 0);
    const ids = Array.from({ length: total }, newUuid);
    await long(client, KEEP, [run.id, ids, run.provider]);
    await long(client, EXPLAINED, [run.provider]);
    return Object.fromEntries(rows.map((row) => [row.class, row.count]));
  });
}

async function long<Row extends QueryResultRow>(client: PoolClient, text: string, values: unknown[]): Promise<Row[]> {
  const query = { text, values, query_timeout: TIMEOUT_MS };
  return (await client.query<Row>(query)).rows;
}
