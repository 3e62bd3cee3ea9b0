import type { Database } from '../../database/database.js';
import { jsonRows, type JsonFields, type JsonRow } from '../../database/json-rows.js';
import type { Transaction } from '../model/transaction.js';

/** An operation that is sent in a batch, and the id of its event. */
export interface BatchMember {
  readonly transaction: Pick<Transaction, 'id' | 'appId' | 'epoch'>;
  readonly eventId: string;
}

const INPUT = {
  id: 'uuid',
  appId: 'uuid',
  epoch: 'integer',
  eventId: 'uuid',
  place: 'integer',
} as const satisfies JsonFields;

/**
 * Assigns a position in the batch to each operation, with an event, in one commit before the call. Operations that
 * another instance has taken over are left out.
 */
const BIND = `
with input as (
  select * from ${jsonRows(INPUT, '$2')}
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

/** Returns the ids of the members in the order in which they must be sent. Resolves after the commit. */
export async function bindBatch(
  database: Database,
  batchId: string,
  members: readonly BatchMember[],
): Promise<readonly string[]> {
  const rows = members.map(({ transaction: { id, appId, epoch }, eventId }, place): JsonRow<typeof INPUT> => ({
    id,
    appId,
    epoch,
    eventId,
    place,
  }));
  const bound = await database.prepared<{ id: string }>('ledger_bind_batch', BIND, [batchId, JSON.stringify(rows)]);
  return bound.map(({ id }) => id);
}
