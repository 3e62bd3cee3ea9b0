import type { Pool } from 'pg';
import { Database } from '../../src/database/database.js';
import { FIRST_ID, noteOverdue } from '../../src/ledger/writes/note-overdue.js';
import { createDatabase, openPool } from '../support/database.js';

const COUNT = 700;

let pool: Pool;

beforeEach(async () => {
  pool = openPool(await createDatabase(), 8);
});

afterEach(() => pool.end());

/** Transactions that were accepted thirty days ago, with ids of that time. */
async function addAccepted(): Promise<void> {
  await pool.query(
    `with t as (
       insert into transactions (id, app_id, type, provider, status, detail, version)
       select (lpad(to_hex((extract(epoch from now() - interval '30 days') * 1000)::bigint), 12, '0') || lpad(to_hex(n), 20, '0'))::uuid,
         new_uuid(), 'accrual', 'latam-pass', 'processing', '{}', 1
       from generate_series(1, $1) n returning id, app_id)
     insert into transaction_events (id, transaction_id, app_id, seq, at, to_status, actor, evidence)
     select new_uuid(), id, app_id, 1, now() - interval '30 days', 'processing', 'gateway', 'answer' from t`,
    [COUNT],
  );
}

async function walk(): Promise<void> {
  const database = new Database(pool);
  let after: string | null = FIRST_ID;
  while (after !== null) after = await noteOverdue(database, 'latam-pass', after);
}

it('many instances at once add one event to each transaction, and a second walk adds none', async () => {
  await addAccepted();
  await Promise.all(Array.from({ length: 6 }, walk));
  await walk();
  const { rows } = await pool.query(
    `select count(*)::int as events, count(distinct transaction_id)::int as transactions, min(t.version) as low,
       max(t.version) as high
     from transaction_events e join transactions t on t.id = e.transaction_id where e.evidence = 'overdue' and e.seq = 2`,
  );
  expect(rows).toEqual([{ events: COUNT, transactions: COUNT, low: 2, high: 2 }]);
});
