import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What stands before the record of new transactions, asked by the recording statement itself. A function, because each
 * statement inside sees what was committed before it: rows are looked at under the locks, which the transaction keeps.
 */
const ADMISSION = `
create function admit_transactions(locks bigint[], ids uuid[], macs bytea[], since timestamptz, budgets text[],
  safeties numeric[], amounts bigint[])
returns table (id uuid, is_covered boolean) language plpgsql set enable_seqscan = off as $$
declare
  taken bytea[];
  asked record;
  budget text;
  rest bigint;
begin
  perform pg_advisory_xact_lock(key) from unnest(locks) key;
  taken := array(
    select t.duplicate_mac from transactions t
    where t.duplicate_mac = any(macs) and t.created_at > since and t.status not in ('failed', 'canceled'));
  -- Of each budget in the order of their ids, which is that of their arrival: who does not fit leaves the rest to others.
  for asked in
    select * from unnest(ids, macs, budgets, safeties, amounts) as r (id, mac, budget, safety, amount)
    order by r.budget nulls first, r.id
  loop
    continue when asked.mac = any(taken);
    if asked.budget is distinct from budget then
      budget := asked.budget;
      rest := float_left(budget, asked.safety, null);
    end if;
    continue when rest < asked.amount;
    rest := rest - asked.amount;
    id := asked.id;
    is_covered := rest is not null;
    return next;
  end loop;
end $$;
comment on function admit_transactions is
  'Of new transactions those that may be recorded: not a duplicate (null: not guarded), and covered by the float at their
provider (a null budget: not paid from one; an unknown rest: nobody can say, is_covered is false)';
`;

/** A batch of new transactions is recorded with one round trip instead of five. */
export class Admission1795225100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(ADMISSION);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
