import type { PoolClient } from 'pg';
import { hasContent, isSameTime } from '../statement-tables.js';

/** A condition: the break and the finding concern the same record of the same transaction. */
const SAME_KEY = `b.provider = $1 and b.class = f.class and coalesce(b.transaction_id::text, '') = coalesce(f.transaction_id::text, '')
  and coalesce(b.record_key, '') = coalesce(f.record_key, '') and b.notification_id is null`;

const member = (name: string): string =>
  `b.provider_record->>'${name}' is not distinct from f.provider_record->>'${name}'`;

/** A condition: the same line of the same bytes ($2), even if it was read in another time zone. */
const SAME_LINE = `${member('line')} and exists (
  select from reconciliations r where r.id = b.run_id and ${hasContent('r', '$2')})`;

/** A condition: the difference is the same too, by amount, status and date. */
const SAME_DIFFERENCE = `${['amount', 'unit', 'succeeded', 'reversal'].map(member).join(' and ')}
  and (${isSameTime(`(b.provider_record->>'at')`, `(f.provider_record->>'at')`)} or ${SAME_LINE})`;

/** A resolved break hides the same difference in later statements, but no other difference. */
const HIDE_DECIDED = `
delete from found f using breaks b where b.status = 'resolved' and ${SAME_KEY} and ${SAME_DIFFERENCE}`;

/**
 * Open breaks that this statement finds again. A break is updated if its line has changed, with two exceptions: each
 * execution and each reversal has its own break, and a break with a proposal does not change.
 */
const STANDING = `
create temp table standing on commit drop as
select distinct on (f.n) f.n, b.id from found f join breaks b on ${SAME_KEY}
where b.status = 'open' and (${SAME_DIFFERENCE}
  or b.proposed is null and b.class not in ('duplicate_at_provider', 'reversal_at_provider'))
order by f.n, (${SAME_DIFFERENCE}) desc, b.id`;

/** The ledger's view of the transaction. */
const DETAIL = `jsonb_strip_nulls(jsonb_build_object('is', f.status, 'ledgerAmount', f.quantity::text))`;

const FOLLOW = `
update breaks b set run_id = $1, updated_at = clock_timestamp(),
  amount = case when b.proposed is null then f.amount else b.amount end,
  unit = case when b.proposed is null then f.unit else b.unit end,
  detail = case when b.proposed is null then ${DETAIL} else b.detail end,
  provider_record = case when b.proposed is null then f.provider_record else b.provider_record end
from standing s join found f on f.n = s.n where b.id = s.id`;

/** Makes a UUID v7 for each break, starting at the time $3 in milliseconds. There may be a break for each line. */
const ADD = `
insert into breaks (id, class, provider, transaction_id, record_key, run_id, amount, unit, detail, provider_record)
select (lpad(to_hex($3::bigint + (n >> 12)), 12, '0') || '7' || lpad(to_hex(n & 4095), 3, '0')
    || right(replace(gen_random_uuid()::text, '-', ''), 16))::uuid,
  class, $2, transaction_id, record_key, $1, amount, unit, ${DETAIL}, provider_record
from found f where not exists (select from standing s where s.n = f.n)
on conflict do nothing`;

/**
 * Closes breaks that this statement explains: a missing line has arrived (if it differs, that is another break), an
 * expected line has not arrived, or a transaction has become final with the result of its line.
 */
const EXPLAINED = `
update breaks b set status = 'resolved', resolved_at = now(), resolved_by = 'gateway', updated_at = now(),
  resolution = case when m.is_right then 'line_arrived' else 'superseded' end,
  reason = case when m.is_right then 'A later statement has the line.'
    when m.has_line then 'A later statement has the line, but it differs; the difference is a separate break.'
    else 'A later statement does not have the line; it is missing at the provider.' end
from (
  select b.id, b.class, b.transaction_id, j.status,
    j.line_no is not null or exists (select from named r where r.id = b.transaction_id and r.kind = 'reversal') as has_line,
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

/** Removes differences from `found` that an operator has already decided. `content`: the hash of the file's bytes. */
export async function hideDecided(client: PoolClient, provider: string, content: Buffer): Promise<void> {
  await client.query(HIDE_DECIDED, [provider, content]);
}

/** Stores the findings as breaks. */
export async function keepBreaks(
  client: PoolClient,
  { id, provider }: { readonly id: string; readonly provider: string },
  content: Buffer,
): Promise<void> {
  await client.query(STANDING, [provider, content]);
  await client.query('analyze standing');
  await client.query(FOLLOW, [id]);
  await client.query(ADD, [id, provider, Date.now()]);
}

export async function closeExplained(client: PoolClient, provider: string): Promise<void> {
  await client.query(EXPLAINED, [provider]);
}
