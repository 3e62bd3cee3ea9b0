import type { Database } from '../../database/database.js';
import type { AccountPair } from './accounts.js';
import type { JsonObject, Transaction } from '../model/transaction.js';

/** The members that may change while a transaction is held. All of them are given, changed or not. */
export interface Amendment {
  readonly quantity: bigint;
  readonly releaseAt: Date;
  readonly detail: JsonObject;
  readonly sealed: Buffer;
  readonly metadata: JsonObject;
  readonly actor: string;
  /** Names of the changed members, for the timeline. */
  readonly changed: readonly string[];
  readonly eventId: string;
}

/**
 * Only while the transaction is held and has the version that the writer read: an earlier release or amendment wins.
 */
const AMEND = `
with amended as (
  update transactions t set quantity = $4, release_at = $5, due_at = $5, expected_by = null, detail = $6, sealed = $7,
    metadata = $8, version = t.version + 1, updated_at = now()
  where t.id = $1 and t.app_id = $2 and t.version = $3 and t.status = 'scheduled' and t.release_at > now()
  returning t.id, t.app_id, t.version
), event as (
  insert into transaction_events (id, transaction_id, app_id, seq, from_status, to_status, actor, evidence, detail)
  select $9, id, app_id, version, 'scheduled', null, $10, 'amendment', jsonb_build_object('changed', $11::text[]) from amended
), entry as (
  insert into ledger_entries (transaction_id, app_id, seq, phase, debit_account, credit_account, amount)
  select a.id, a.app_id, a.version, e.phase, $12, $13, e.amount
  from amended a cross join (values ('release', $14::bigint), ('hold', $4::bigint)) as e (phase, amount)
  where $14::bigint <> $4::bigint
)
select version from amended`;

/** Changes a held transaction, its hold and its sealed bytes in one commit. False: it has changed since it was read. */
export async function amend(
  database: Database,
  transaction: Transaction,
  accounts: AccountPair,
  amendment: Amendment,
): Promise<boolean> {
  const rows = await database.query(AMEND, [
    transaction.id,
    transaction.appId,
    transaction.version,
    amendment.quantity.toString(),
    amendment.releaseAt,
    amendment.detail,
    amendment.sealed,
    amendment.metadata,
    amendment.eventId,
    amendment.actor,
    amendment.changed,
    accounts.debit,
    accounts.credit,
    String(transaction.quantity),
  ]);
  return rows.length === 1;
}
