import type { PoolClient } from 'pg';
import { newUuid } from '../../common/ids.js';
import type { JsonObject, Transaction } from '../model/transaction.js';

export interface Correction {
  /** In the smallest unit: positive when the provider executed more than the ledger has, negative when less. */
  readonly difference: bigint;
  readonly actor: string;
  readonly reason: string;
  /** The cause, for the timelines of both transactions. */
  readonly detail: JsonObject;
}

/** Inserts the correction as a transaction with its event and entries, and an event of the corrected transaction. */
const CORRECT = `
with corrected as (
  update transactions set version = version + 1, updated_at = now() where id = $2 and app_id = $3
  returning id, app_id, provider, unit, version
), pair as (
  select c.*, (select id from ledger_accounts where owner_kind = 'app' and owner = c.app_id::text and unit = c.unit) as app,
    (select id from ledger_accounts where owner_kind = 'provider' and owner = c.provider and unit = c.unit) as other
  from corrected c
), correction as (
  insert into transactions (id, app_id, type, provider, status, quantity, unit, detail, completed_at)
  select $1, app_id, 'correction', provider, 'succeeded', abs($4::bigint), unit, $5, now() from pair
), noted as (
  insert into transaction_events (id, transaction_id, app_id, seq, from_status, to_status, actor, evidence, detail)
  select $6::uuid, id, app_id, version, null, null, $7, 'correction', $8::jsonb from pair
  union all
  select $9::uuid, $1::uuid, app_id, 1, null, 'succeeded', $7, 'correction', $8::jsonb from pair
)
insert into ledger_entries (transaction_id, app_id, seq, phase, debit_account, credit_account, amount)
select $1, app_id, 1, phase, case when $4 > 0 then app else other end, case when $4 > 0 then other else app end,
  abs($4::bigint)
from pair cross join (values ('hold'), ('post')) as p (phase)`;

/** Posts the difference as a new transaction; existing rows stay. Runs in the transaction that resolves the break. */
export async function postCorrection(
  client: PoolClient,
  transaction: Transaction,
  { difference, actor, reason, detail }: Correction,
): Promise<string> {
  const id = newUuid();
  const shown = { corrects: `txn_${transaction.id}`, direction: difference > 0n ? 'more' : 'less', reason };
  const about = { ...detail, reason, difference: String(difference) };
  const values = [
    id,
    transaction.id,
    transaction.appId,
    String(difference),
    shown,
    newUuid(),
    actor,
    JSON.stringify({ ...about, correctionId: `txn_${id}` }),
    newUuid(),
  ];
  await client.query(CORRECT, values);
  return id;
}
