-- Returns true when a new rate counts. A rate far from the usual one does not count until the next observation confirms
-- it; then both count.
create function weigh_rate(budget text, rate numeric) returns boolean language plpgsql as $$
declare
  usual numeric;
  latest provider_balances;
begin
  if rate is null then
    return true;
  end if;
  usual := float_rate(budget);
  if usual is null or rates_agree(rate, usual) then
    return true;
  end if;
  select * into latest from provider_balances b
  where b.provider = budget and b.unit_rate is not null order by b.at desc, b.id desc limit 1;
  if latest.rate_counts or not rates_agree(rate, latest.unit_rate) then
    return false;
  end if;
  update provider_balances b set rate_counts = true where b.id = latest.id;
  return true;
end $$;
