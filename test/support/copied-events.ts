import { bareId } from './ids.js';
import { withClient } from './sql.js';
import type { World } from './world.js';

/**
 * Adds copies of a transaction and its last event as if they had happened a day before, without the triggers of the ledger.
 * `isCountedOnly`: only the events, which cannot be sent then; it is faster.
 */
export async function copyEvents(
  world: World,
  transactionId: string,
  count: number,
  isCountedOnly = false,
): Promise<void> {
  await withClient(world.database.adminUrl, async (client) => {
    await client.query(`set session_replication_role = replica`);
    await client.query(
      `with copies as (select gen_random_uuid() as id, n from generate_series(1, $2::int) n), moved as (
         insert into transactions select (jsonb_populate_record(t, jsonb_build_object('id', c.id, 'reference', 'COPY-' || c.n,
           'idempotency_key', 'copy-' || c.id, 'duplicate_mac', null, 'provider_reference', null))).*
         from transactions t cross join copies c where t.id = $1 and not $3)
       insert into transaction_events select (jsonb_populate_record(e, jsonb_build_object('id', new_uuid(),
         'transaction_id', c.id, 'at', e.at - interval '1 day' + c.n * interval '1 ms'))).*
       from transaction_events e cross join copies c
       where e.transaction_id = $1 and e.seq = (select max(seq) from transaction_events where transaction_id = $1)`,
      [bareId(transactionId), count, isCountedOnly],
    );
  });
}
