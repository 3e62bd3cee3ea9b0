import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A rate comes of two balances with one purchase between them and no other: none that ended since the first was asked
 * for, none that may have been executed late, none under way (while no rate is known only the one that has the turn is
 * under way; the others wait in front of the door with an open attempt).
 */
const OBSERVED_RATE = `
create function observed_rate(told numeric, told_from timestamptz, budget text, purchase uuid, amount bigint)
returns numeric language plpgsql stable as $$
declare
  before provider_balances;
  has_turn boolean;
begin
  select * into before from provider_balances b
  where b.provider = budget and b.at <= told_from order by b.at desc, b.id desc limit 1;
  if before.id is null or before.balance <= told then
    return null;
  end if;
  has_turn := exists (select from provider_floats f where f.provider = budget and f.turn_id = purchase)
    and float_rate(budget) is null;
  if exists (
    select from transactions t
    where t.provider = budget and t.covered and t.id <> purchase and t.id is distinct from before.transaction_id
      and (t.status = 'pending' and t.attempt_open and not has_turn
        or t.status = 'unknown' and t.updated_at >= before.begun_at
        or t.status = 'succeeded' and t.completed_at >= before.begun_at)) then
    return null;
  end if;
  return amount / (before.balance - told);
end $$`;

/** The balance that a purchase's answer tells is written by the commit that records its outcome. */
export class ToldBalances1795224000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(OBSERVED_RATE);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
