-- Drops the rate of the last purchase if a later balance disproves it, and returns true then. This is the case when the
-- balance is higher than the one reported with the purchase, but not higher than the one before it: the purchase did
-- not cost what its response reported. A deposit usually makes the balance higher than before the purchase; otherwise
-- one observation is lost.
create function refute_rate(budget text, reported numeric, reported_from timestamptz) returns boolean language plpgsql as $$
declare
  latest provider_balances;
  before numeric;
begin
  select * into latest from provider_balances b
  where b.provider = budget and b.unit_rate is not null order by b.at desc, b.id desc limit 1;
  if latest.id is null or not latest.rate_counts or reported_from < latest.at or reported <= latest.balance then
    return false;
  end if;
  select b.balance into before from provider_balances b
  where b.provider = budget and b.at <= latest.begun_at and b.id <> latest.id order by b.at desc, b.id desc limit 1;
  if reported <= before then
    update provider_balances b set rate_counts = false where b.id = latest.id;
  end if;
  return coalesce(reported <= before, false);
end $$;
