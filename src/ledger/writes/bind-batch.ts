import type { Database } from '../../database/database.js';
import type { Transaction } from '../model/transaction.js';

/** An operation that is to go out in a batch, and its event. */
export interface BatchMember {
  readonly transaction: Pick<Transaction, 'id' | 'appId' | 'epoch'>;
  readonly eventId: string;
}

/**
 * Which operation is which item of the batch, and an event with each of them: one statement, one commit, before the call.
 * Those that another instance has taken over meanwhile are left out.
 */
const BIND = `
with input as (
  select * from json_to_recordset($2::json) as r (id uuid, "appId" uuid, epoch integer, "eventId" uuid, place integer)
), bound as (
  update transactions t set version = t.version + 1, updated_at = now()
  from input i
  where t.id = i.id and t.app_id = i."appId" and t.epoch = i.epoch and t.status = 'pending' and t.attempt_open
  returning t.id, t.app_id, t.version, i."eventId", i.place
), member as (
  select b.*, (row_number() over (order by place) - 1)::integer as position, count(*) over () as size from bound b
), mapping as (
  insert into transaction_batches (batch_id, position, transaction_id, app_id)
  select $1::uuid, position, id, app_id from member
), event as (
  insert into transaction_events (id, transaction_id, app_id, seq, actor, evidence, detail)
  select "eventId", id, app_id, version, 'gateway', 'put into a batch',
    jsonb_build_object('batch', $1::uuid, 'position', position, 'size', size) from member
)
select id from member order by position`;

/** Answers with the ids of the members, in the order in which they must be sent. Resolves after the commit. */
export async function bindBatch(
  database: Database,
  batchId: string,
  members: readonly BatchMember[],
): Promise<readonly string[]> {
  const rows = members.map(({ transaction: { id, appId, epoch }, eventId }, place) => ({
    id,
    appId,
    epoch,
    eventId,
    place,
  }));
  const bound = await database.prepared<{ id: string }>('ledger_bind_batch', BIND, [batchId, JSON.stringify(rows)]);
  return bound.map(({ id }) => id);
}
