-- Returns true when a purchase that the known rate does not cover is sent anyway, to observe a better rate. The balance
-- must be recent and positive, and no other probe may be in progress. A rate that was observed only once is probed
-- every 30 s at most. A rate that other observations confirm is probed after 30 minutes without a purchase, so that
-- even two false observations can be corrected.
create function claim_probe(budget text, safety numeric, amount bigint, purchase uuid) returns boolean
language plpgsql as $$
declare
  seen provider_balances;
  state provider_floats;
  rate numeric;
  is_confirmed boolean;
  pause interval;
begin
  select * into seen from provider_balances b where b.provider = budget order by b.begun_at desc, b.id desc limit 1;
  rate := float_rate(budget);
  if seen.id is null or rate is null or seen.balance <= 0 or seen.at < clock_timestamp() - interval '10 min'
    or floor(seen.balance * rate * safety) >= amount then
    return false;
  end if;
  insert into provider_floats (provider) values (budget) on conflict (provider) do nothing;
  select * into state from provider_floats f where f.provider = budget for update;
  if state.emptied_at > seen.begun_at then
    return false;
  end if;
  if state.probe_id = purchase then
    return true;
  end if;
  select count(*) > 1 and bool_and(recent.rate_counts or recent.no > 1) into is_confirmed from (
    select b.unit_rate, b.rate_counts, row_number() over (order by b.at desc, b.id desc) as no
    from provider_balances b where b.provider = budget and b.unit_rate is not null order by b.at desc, b.id desc limit 21
  ) recent where recent.no = 1 or (recent.rate_counts and rates_agree(recent.unit_rate, rate));
  pause := case when is_confirmed then interval '30 min' else interval '30 s' end;
  if state.probed_at > clock_timestamp() - pause
    or exists (select from transactions t where t.id = state.probe_id and t.status = 'pending')
    or (is_confirmed and exists (
      select from transactions t where t.status = 'succeeded' and t.covered and t.provider = budget
        and t.completed_at > clock_timestamp() - pause)) then
    return false;
  end if;
  update provider_floats f set probe_id = purchase, probed_at = clock_timestamp() where f.provider = budget;
  return true;
end $$;
