import type { Database } from '../../database/database.js';

/** Closes breaks whose transaction has become final with the result of the statement line. */
const SETTLED = `
update breaks b set status = 'resolved', resolution = 'settled', resolved_by = 'gateway', resolved_at = now(),
  updated_at = now(), reason = 'The transaction is final with the result of the line.'
from transactions t
where b.class = 'status_mismatch' and b.status = 'open' and b.proposed is null and t.id = b.transaction_id
  and t.status = case when (b.provider_record->>'succeeded')::boolean then 'succeeded' else 'failed' end
  and (t.status = 'failed'
    or t.quantity = (b.provider_record->>'amount')::bigint and t.unit = b.provider_record->>'unit')`;

/** The transaction has become final with the opposite result: an operator must resolve the break. */
const CONFLICTS = `
update breaks b set class = 'status_conflict', detail = b.detail || jsonb_build_object('is', t.status), updated_at = now()
from transactions t
where b.class = 'status_mismatch' and b.status = 'open' and b.proposed is null and t.id = b.transaction_id
  and t.status in ('succeeded', 'failed', 'canceled')
  and (b.provider_record->>'succeeded')::boolean <> (t.status = 'succeeded')
  and not exists (
    select from breaks other
    where other.class = 'status_conflict' and other.transaction_id = b.transaction_id and other.provider = b.provider
      and other.notification_id is not distinct from b.notification_id
      and other.record_key is not distinct from b.record_key
      and other.difference is not distinct from b.difference)`;

/** A line has not settled its transaction yet: its run continues. */
const UNSETTLED = `
update reconciliations set status = 'running', updated_at = now()
where status = 'completed' and step = 'matched' and id in (
  select run_id from breaks where class = 'late_confirmation' and status = 'open')`;

/** Checks the breaks that can close automatically. Two concurrent checks do no harm. */
export async function recheckBreaks(database: Database): Promise<void> {
  for (const text of [SETTLED, CONFLICTS, UNSETTLED]) await database.query(text);
}
