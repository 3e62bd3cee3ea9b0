-- The remaining balance at a provider after all purchases in progress, in the ledger's smallest unit. With `up_to` only
-- that purchase and earlier ones count. Null: unknown, because no balance or no rate has been observed.
--
-- The settings force index scans. The purchases in progress are a few rows among millions, but the statistics of single
-- columns do not show that: after an ANALYZE the planner read the whole table (27 ms with 35,000 rows, for each batch of
-- purchases). A bitmap scan never marks the index entries of ended purchases as dead, so each call was slower than the
-- one before. The generic plan fits all values; planning it for each batch took 150 µs.
create function float_left(budget text, safety numeric, up_to uuid) returns numeric language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_generic_plan as $$
declare
  seen provider_balances;
  emptied timestamptz;
  rate numeric;
  spent numeric;
begin
  select * into seen from provider_balances b where b.provider = budget order by b.begun_at desc, b.id desc limit 1;
  select f.emptied_at into emptied from provider_floats f where f.provider = budget;
  -- 'Emptied' lapses after ten minutes: a balance that cannot be read must not block purchases forever.
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
