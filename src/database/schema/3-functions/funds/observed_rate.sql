-- The rate that follows from the balance reported with a purchase, or null. A rate needs two balances with only this
-- purchase between them: no other one that ended since the first balance query, may have been executed late, or is in
-- progress. There are three queries, each with its own index; a combined query read the whole table (38 ms with 100,000
-- rows).
create function observed_rate(reported numeric, reported_from timestamptz, budget text, purchase uuid, amount bigint)
returns numeric language plpgsql stable as $$
declare
  before provider_balances;
begin
  select * into before from provider_balances b
  where b.provider = budget and b.at <= reported_from order by b.at desc, b.id desc limit 1;
  -- A balance that rose, or is reported as used up, shows no rate.
  if before.id is null or reported <= 0 or before.balance <= reported then
    return null;
  end if;
  -- The balance before contains at most one of the latest purchases, so another one is among the last two.
  if exists (
    select from (
      select t.id, t.completed_at from transactions t
      where t.status = 'succeeded' and t.covered and t.provider = budget order by t.completed_at desc limit 2
    ) latest
    where latest.completed_at >= before.begun_at and latest.id is distinct from before.transaction_id) then
    return null;
  end if;
  perform from transactions t
  where t.status = 'unknown' and t.provider = budget and t.covered and t.updated_at >= before.begun_at
    and t.id <> purchase and t.id is distinct from before.transaction_id limit 1;
  if found then
    return null;
  end if;
  perform from transactions t
  where t.status = 'pending' and t.provider = budget and t.covered and t.attempt_open
    and t.id <> purchase and t.id is distinct from before.transaction_id limit 1;
  -- While no rate is known, the other purchases wait for their turn with an open attempt: they were not sent.
  if found and not (
    exists (select from provider_floats f where f.provider = budget and f.turn_id = purchase)
    and float_rate(budget) is null) then
    return null;
  end if;
  return amount / (before.balance - reported);
end $$;
