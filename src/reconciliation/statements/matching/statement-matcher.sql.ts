import { STATEMENT_TYPES } from '../../../providers/declared.js';
import { hasContent, isSameMark, isSameTime, millisecondsOf } from '../statement-tables.js';

/* The steps that compare a statement with the ledger, in their order. Each creates a temporary table. */

const TYPES = STATEMENT_TYPES.map((type) => `'${type}'`).join(', ');

/** Transactions with an open break are suspects: their lines may explain the break. */
export const SUSPECT_BREAKS = `
insert into suspects select transaction_id from breaks
where provider = $1 and status = 'open' and transaction_id is not null`;

/**
 * A condition: the statement should have a line for the transaction. This holds for transactions due for sending in its
 * period ($2, $3). Up to its last line ($4) it also holds for transactions that became final after the previous
 * statement was compared, and for transactions with an open `cutoff_timing` break.
 */
const EXPECTED = `
status = 'succeeded' and type in (${TYPES})
and (greatest(created_at, release_at) >= $2::timestamptz
    and ($3::timestamptz is null or greatest(created_at, release_at) <= $3)
  or completed_at <= $4::timestamptz and (
    completed_at >= $2 and completed_at > (
      select max(completed_at) from reconciliations
      where provider = $1 and kind = 'statement' and status = 'completed')
    or exists (
      select from breaks
      where transaction_id = transactions.id and provider = $1 and class = 'cutoff_timing' and status = 'open')))`;

/**
 * Lines and transactions that need a closer look: lines that do not match, lines of suspects, and expected transactions
 * without a line. Joins the statement with the ledger between the first and the last id of the file ($5, $6). It reads
 * as few columns as possible, because nearly all lines match.
 */
export const DIFFERING = `
create temp table differing on commit drop as
select l.place, t.id
from (
  select l.ctid as place, l.transaction_id, l.succeeded, l.amount, l.unit, s.id is not null as is_suspect
  from lines l left join (select distinct id from suspects) s on s.id = l.transaction_id
) l full join (
  select id, status, quantity, unit from transactions
  where provider = $1 and quantity is not null and id between $5 and $6
) t on t.id = l.transaction_id
where case
  when l.place is null then exists (select from transactions where id = t.id and ${EXPECTED})
  when t.id is null or l.is_suspect or not l.succeeded then true
  else t.quantity <> l.amount or t.status <> 'succeeded' or t.unit <> l.unit
end`;

/** Expected transactions outside the file's range of ids. No line names them by the gateway's id. */
export const EXPECTED_ELSEWHERE = `
insert into differing
select null, id from transactions
where provider = $1 and quantity is not null and ($5::uuid is null or id < $5 or id > $6) and ${EXPECTED}`;

/** The rows of `differing` with all their columns. Transactions without a line must still be `succeeded`. */
export const ODD = `
create temp table odd on commit drop as
select l.line_no, l.transaction_id as said, l.provider_reference, l.reference, l.succeeded, l.amount, l.unit, l.at, l.mark,
  t.id, t.status, t.quantity, t.unit as ledger_unit, t.completed_at
from differing d left join lines l on l.ctid = d.place left join transactions t on t.id = d.id
where d.place is not null or t.status = 'succeeded'`;

/** Finds transactions by the provider's id, otherwise by the reference, if exactly one transaction has it. */
function byOtherIds(nameless: string): string {
  return `
with nameless as (${nameless}), theirs as (
  select provider_reference, min(id::text)::uuid as id from transactions
  where provider = $1 and quantity is not null and provider_reference in (select provider_reference from nameless)
  group by provider_reference having count(*) = 1
), ours as (
  select reference, min(id::text)::uuid as id from transactions
  where provider = $1 and quantity is not null and type in (${TYPES})
    and reference in (select reference from nameless)
  group by reference having count(*) = 1
), found as (
  select n.line_no, coalesce(theirs.id, ours.id) as id from nameless n
  left join theirs on theirs.provider_reference = n.provider_reference
  left join ours on theirs.id is null and ours.reference = n.reference
)`;
}

/** Lines without the gateway's id, with the transactions that their other ids name. */
export const OTHERS = `
create temp table others on commit drop as ${byOtherIds(`
  select line_no, provider_reference, reference from odd
  where line_no is not null and id is null and (provider_reference is not null or reference is not null)`)}
select f.line_no, t.id, t.status, t.quantity, t.unit as ledger_unit from found f join transactions t on t.id = f.id`;

/** Lines that are not compared, with the transactions that they name. */
export const NAMED = `
create temp table named on commit drop as ${byOtherIds(`
  select n.line_no, n.provider_reference, n.reference from named_lines n
  left join transactions t on t.id = n.transaction_id and t.provider = $1
  where t.id is null and (n.provider_reference is not null or n.reference is not null)`)}
select n.*, t.id, t.status, t.quantity, t.unit as ledger_unit
from named_lines n left join found f on f.line_no = n.line_no
left join transactions d on d.id = n.transaction_id and d.provider = $1 and d.quantity is not null
left join transactions t on t.id = coalesce(d.id, f.id)`;

/** A transaction that any line names is not missing. */
export const NOT_MISSING = `delete from odd o using named n where o.line_no is null and n.id = o.id`;

/**
 * The range of creation times of this statement's transactions, to find earlier statements with the same transactions.
 */
export const ID_RANGE = `
select min(ms)::text as low, max(ms)::text as high from (
  select ${millisecondsOf('id')} as ms from (
    select $1::uuid as id union all select $2 union all select id from odd
    union all select id from others union all select id from named) ids) times`;

/**
 * The content of those statements: transactions and, for executed lines, marks. `is_same_file`: the statement had the
 * same bytes ($4). The same line is not a second execution, even if it was read in another time zone.
 */
export const PRIOR = `
create temp table prior on commit drop as
select u.id, u.mark, coalesce(${hasContent('r', '$4')}, false) as is_same_file
from statement_pages p cross join lateral unnest(p.ids, p.marks) u (id, mark) left join reconciliations r on r.id = p.run_id
where p.provider = $1 and p.high >= $2::bigint and p.low <= $3::bigint`;

/** A transaction of an earlier statement is not missing in this one. */
export const HAD_BEFORE = `delete from odd o using prior p where o.line_no is null and p.id = o.id`;

/** Matching lines whose transaction an earlier statement had with another execution. */
export const BILLED_AGAIN = `
insert into odd
select l.line_no, l.transaction_id, l.provider_reference, l.reference, l.succeeded, l.amount, l.unit, l.at, l.mark,
  t.id, t.status, t.quantity, t.unit
from (
  select l.line_no from lines l join prior p on p.id = l.transaction_id
  where l.succeeded and p.mark is not null
  group by l.line_no having not bool_or(p.is_same_file or ${isSameMark('l.mark', 'p.mark', 'l.provider_reference')})
) again join lines l on l.line_no = again.line_no
join transactions t on t.id = l.transaction_id and t.provider = $1 and t.quantity is not null
where not exists (select from odd o where o.line_no = l.line_no)`;

/** Matching lines whose transaction is also named by other lines with other ids. */
export const TWINS = `
insert into odd
select l.line_no, l.transaction_id, l.provider_reference, l.reference, l.succeeded, l.amount, l.unit, l.at, l.mark,
  k.id, k.status, k.quantity, k.ledger_unit
from lines l
join (select distinct id, status, quantity, ledger_unit from others) k on k.id = l.transaction_id
where not exists (select from odd o where o.line_no = l.line_no)`;

/**
 * Executed lines whose transaction an earlier statement had. `is_known`: it had the same execution. `is_surplus`: that
 * execution was a duplicate.
 */
export const KNOWN = `
create temp table known on commit drop as
select o.line_no, bool_or(p.is_same_file or ${isSameMark('o.mark', 'p.mark', 'o.provider_reference')}) as is_known, exists (
  select from breaks b where b.class = 'duplicate_at_provider' and b.provider = $1 and b.transaction_id = o.id
    and case when o.provider_reference is null then ${isSameTime("(b.provider_record->>'at')", "(o.at || 'Z')")}
      else b.provider_record->>'providerReference' = o.provider_reference end) as is_surplus
from (
  select o.line_no, o.mark, o.at, o.provider_reference, coalesce(o.id, x.id) as id
  from odd o left join others x on x.line_no = o.line_no and o.id is null where o.line_no is not null and o.succeeded
) o join prior p on p.id = o.id and p.mark is not null
group by o.line_no, o.id, o.at, o.provider_reference`;

/**
 * Lines with their transactions. `is_known`: an earlier statement had the same execution; false: it had another one.
 * Known executions come first among the lines of a transaction. `is_contradicted`: other lines of the transaction have
 * the opposite result.
 */
export const JUDGED = `
create temp table judged on commit drop as
select *, row_number() over (
    partition by key, case when key is null then record end
    order by succeeded desc, is_known desc nulls last, is_surplus, at, line_no) as copy,
  row_number() over (partition by key, record, at, provider_reference, succeeded order by line_no) as nth,
  bool_or(succeeded) over (partition by key) and not bool_and(succeeded) over (partition by key) as is_contradicted
from (
  select o.line_no, o.succeeded, o.amount, o.unit, o.at, o.provider_reference, o.mark, o.said, coalesce(o.id, x.id) as transaction_id,
    coalesce(o.status, x.status) as status, coalesce(o.quantity, x.quantity) as quantity,
    coalesce(o.ledger_unit, x.ledger_unit) as ledger_unit, coalesce(o.id, x.id, o.said) as key,
    coalesce(o.said::text, o.provider_reference, o.reference) as record, k.is_known, coalesce(k.is_surplus, false) as is_surplus
  from odd o left join others x on x.line_no = o.line_no and o.id is null left join known k on k.line_no = o.line_no
  where o.line_no is not null
) lines`;

/**
 * Classifies the lines and the missing transactions ($1: the time up to which the statement can have lines). A line
 * does not settle an unknown transaction if another line reverses it, has the opposite result, or could not be read.
 */
export const FOUND = `
create temp table found on commit drop as
select *, row_number() over (order by class, line_no, transaction_id) - 1 as n from (
select class, line_no, transaction_id,
  record || case when class = 'duplicate_at_provider' then e'\\t' || nth when copy > 1 then e'\\t' || copy else '' end as record_key,
  case when transaction_id is not null and copy = 1 and unit = ledger_unit and amount <> quantity and is_known is distinct from false
    then abs(amount - quantity) else coalesce(amount, quantity) end as amount,
  case when amount is null then ledger_unit else unit end as unit, status, quantity,
  jsonb_strip_nulls(jsonb_build_object('line', line_no, 'id', record, 'providerReference', provider_reference,
    'succeeded', succeeded, 'amount', amount::text, 'unit', unit, 'at', at || 'Z')) as provider_record
from (select *, case
    when transaction_id is null then case when succeeded then 'missing_in_ledger' end
    when copy > 1 or not is_known then case when succeeded then 'duplicate_at_provider' end
    when succeeded and (amount <> quantity or unit <> ledger_unit) then 'amount_mismatch'
    when status in ('unknown', 'processing') and is_contradicted then 'status_conflict'
    when status in ('unknown', 'processing') then case when transaction_id in (
        select id from named where kind <> 'pending' and id is not null
        union all select b.transaction_id from breaks b
        where b.class = 'reversal_at_provider' and b.status = 'open' and b.transaction_id is not null) then null
      else 'late_confirmation' end
    when status in ('pending', 'scheduled') then 'status_mismatch'
    when succeeded <> (status = 'succeeded') then 'status_conflict'
  end as class from judged offset 0) classed
where class is not null
union all
select 'reversal_at_provider', line_no, id, record || e'\\t' || row_number() over (partition by record, amount, at order by line_no),
  coalesce(amount, quantity), case when amount is null then ledger_unit else unit end, status, quantity,
  jsonb_strip_nulls(jsonb_build_object('line', line_no, 'id', record, 'providerReference', provider_reference,
    'reversal', true, 'amount', amount::text, 'unit', unit, 'at', at || 'Z'))
from (select *, coalesce(id::text, transaction_id::text, provider_reference, reference) as record
  from named where kind = 'reversal') reversals
union all
select case when completed_at <= $1::timestamptz then 'missing_at_provider' else 'cutoff_timing' end,
  null, id, null, quantity, ledger_unit, status, quantity, null
from odd o
where line_no is null and not exists (select from judged j where j.transaction_id = o.id)) classes`;
