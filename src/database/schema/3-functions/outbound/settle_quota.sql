-- Moves a permit to the slot in which its answer arrived: the provider counted the request by then at the latest.
-- `answered`: the request was not refused, which ends the probing after a block.
create function settle_quota(budget text, from_slot bigint, slot_ms bigint, answered boolean)
returns void language plpgsql as $$
declare
  current_slot bigint;
begin
  perform from provider_quotas q where q.name = budget for update;
  current_slot := floor(extract(epoch from clock_timestamp()) * 1000 / slot_ms);
  update provider_quota_slots s set used = s.used - 1 where s.name = budget and s.slot = from_slot and s.used > 0;
  if found then
    insert into provider_quota_slots as s (name, slot, used) values (budget, current_slot, 1)
    on conflict (name, slot) do update set used = s.used + 1;
  end if;
  -- A request that was sent before the block does not show that the block has ended.
  update provider_quotas q set probing = q.probing and not answered, probed_at = null
  where q.name = budget and q.probing and q.blocked_until <= clock_timestamp();
end $$;
