import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the gateway has paid in at a provider: seen, and never spent beyond. */
const FUNDS = `
-- Nothing has ever been written to the first draft of this table.
drop table provider_balances;
create table provider_balances (
  id uuid primary key,
  provider text not null,
  at timestamptz not null default clock_timestamp(),
  begun_at timestamptz not null,
  balance numeric not null,
  currency text,
  source text not null,
  transaction_id uuid,
  unit_rate numeric check (unit_rate > 0)
);
comment on column provider_balances.begun_at is
  'before the provider was asked: whatever had ended by then is in the balance, whatever ended later may not be';
comment on column provider_balances.transaction_id is 'the purchase whose answer told it: that one is in the balance';
comment on column provider_balances.unit_rate is
  'smallest parts of the ledger''s unit that one unit of the balance bought, where this purchase was the only one';
create index provider_balances_series on provider_balances (provider, at);
create index provider_balances_begun on provider_balances (provider, begun_at);
create index provider_balances_rates on provider_balances (provider, at) where unit_rate is not null;

create table provider_floats (
  provider text primary key,
  emptied_at timestamptz,
  turn_id uuid,
  asked_at timestamptz
);
comment on column provider_floats.emptied_at is 'the provider refused for want of funds: nothing goes out until a later look';
comment on column provider_floats.turn_id is 'the one purchase that may be out while no rate has been observed';

alter table transactions add column covered boolean not null default false;
comment on column transactions.covered is 'paid from what the gateway has paid in at the provider';
create index transactions_covered on transactions (provider, completed_at) where covered and status = 'succeeded';

create function float_rate(budget text) returns numeric language sql as $$
  select percentile_disc(0.5) within group (order by unit_rate) from (
    select unit_rate from provider_balances where provider = budget and unit_rate is not null order by at desc limit 21
  ) recent
$$;

-- What is left, in the unit's smallest part, after everything that is out or may be; with a transaction, after it and
-- those before it. Null: nobody can say, because no balance or no rate has been observed.
create function float_left(budget text, safety numeric, up_to uuid) returns numeric language plpgsql as $$
declare
  seen provider_balances;
  emptied timestamptz;
  rate numeric;
  spent numeric;
begin
  select * into seen from provider_balances b where b.provider = budget order by b.begun_at desc, b.id desc limit 1;
  select f.emptied_at into emptied from provider_floats f where f.provider = budget;
  -- Nobody is kept for ever by a balance that cannot be asked for.
  if emptied > coalesce(seen.begun_at, '-infinity') and emptied > clock_timestamp() - interval '10 min' then
    return -1;
  end if;
  rate := float_rate(budget);
  if seen.id is null or rate is null then
    return null;
  end if;
  select coalesce(sum(t.quantity), 0) into spent from transactions t
  where t.provider = budget and t.covered and t.status in ('scheduled', 'pending', 'processing', 'unknown')
    and (up_to is null or t.status = 'unknown' or t.id <= up_to);
  select spent + coalesce(sum(t.quantity), 0) into spent from transactions t
  where t.provider = budget and t.covered and t.status = 'succeeded' and t.completed_at >= seen.begun_at
    and t.id is distinct from seen.transaction_id;
  return floor(seen.balance * rate * safety) - spent;
end $$;

-- Whether a recorded purchase may go out now: 'go', 'short' or, while no rate is known and another is out, 'turn'. A
-- function, because each statement inside sees what was committed before it: the rest is read under the lock.
create function enter_float(budget text, safety numeric, transaction uuid)
returns table (verdict text, begun_at timestamptz) language plpgsql as $$
declare
  holder uuid;
  rest numeric;
begin
  insert into provider_floats (provider) values (budget) on conflict (provider) do nothing;
  select f.turn_id into holder from provider_floats f where f.provider = budget for update;
  rest := float_left(budget, safety, transaction);
  if rest is not null then
    verdict := case when rest >= 0 then 'go' else 'short' end;
  elsif holder is distinct from transaction
    and exists (select from transactions t where t.id = holder and t.status = 'pending' and t.attempt_open) then
    verdict := 'turn';
  else
    update provider_floats f set turn_id = transaction where f.provider = budget;
    verdict := 'go';
  end if;
  begun_at := clock_timestamp();
  return next;
end $$;
`;

/** The float: the balance at a provider as a series, what it bought, and what may still be bought. */
export class Funds1795219600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(FUNDS);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
