-- The known rate of a provider's balance: the median of the last 21 observed rates that count, in the ledger's smallest
-- unit for one unit of the balance. Null: no rate has been observed.
create function float_rate(budget text) returns numeric language sql as $$
  select percentile_disc(0.5) within group (order by unit_rate) from (
    select unit_rate from provider_balances
    where provider = budget and unit_rate is not null and rate_counts order by at desc limit 21
  ) recent
$$;
