-- Grants permits of a provider's quota. `turn` is:
--   'new', 'old'  new work and aged work: while aged work waits, new work gets only every other permit;
--   'read'        status queries: they leave two permits to other requests, except for one reserved permit per window,
--                 which `kept` counts. Without this rule, polling one pass took every free permit, and no pass was issued;
--   ''            logins, operators and background work, without turns.
-- After a block one request at a time probes, until one is not refused. It is a function because each of its statements
-- sees all earlier commits: the count must be read under the lock.
create function take_quota(budget text, wanted integer, ceiling integer, slot_ms bigint, slots integer, margin integer,
  turn text)
returns table (granted integer, at_slot bigint, wait_ms double precision) language plpgsql as $$
declare
  quota provider_quotas%rowtype;
  now_ms double precision;
  current_slot bigint;
  total integer;
  usual integer := ceiling;
  kept integer := 0;
  available integer;
  owed_now integer;
  freed bigint;
begin
  insert into provider_quotas (name) values (budget) on conflict (name) do nothing;
  select q.* into quota from provider_quotas q where q.name = budget for update;
  now_ms := extract(epoch from clock_timestamp()) * 1000;
  current_slot := floor(now_ms / slot_ms);
  -- The slot that counts the request until its answer shows when it arrived at the latest.
  at_slot := current_slot + margin;
  granted := 0;
  wait_ms := 0;
  if quota.blocked_until > clock_timestamp() then
    wait_ms := extract(epoch from quota.blocked_until) * 1000 - now_ms;
    return next;
    return;
  end if;
  select coalesce(sum(s.used), 0) into total
  from provider_quota_slots s where s.name = budget and s.slot > current_slot - slots;
  if turn = 'read' then
    usual := ceiling - least(2, ceiling / 10);
    select least(ceiling - greatest(usual, total), 1) - coalesce(sum(s.kept), 0) into kept
    from provider_quota_slots s where s.name = budget and s.slot > current_slot - slots;
  end if;
  available := greatest(usual - total, 0);
  granted := least(wanted, available);
  kept := greatest(least(wanted - granted, kept), 0);
  granted := granted + kept;
  owed_now := quota.owed;
  if turn = 'new' and quota.waited_until > clock_timestamp() then
    granted := least(wanted, greatest((available - owed_now + 1) / 2, 0));
  end if;
  if quota.probing and granted > 0 then
    -- No call takes 60 s: a probe that is older belongs to an instance that died.
    granted := case when quota.probed_at > clock_timestamp() - interval '60 s' then 0 else 1 end;
    wait_ms := 500;
  end if;
  if turn = 'new' and quota.waited_until > clock_timestamp() then
    owed_now := owed_now + granted;
    -- The remaining permits belong to work that has waited long: a permit that becomes free does not help new work.
    wait_ms := case when granted < wanted and available > granted then 500 else wait_ms end;
  elsif turn = 'old' then
    owed_now := greatest(owed_now - granted, 0);
  end if;
  if granted > 0 then
    update provider_quotas q set owed = owed_now where q.name = budget and q.owed <> owed_now;
    update provider_quotas q set probed_at = clock_timestamp() where q.name = budget and q.probing;
    insert into provider_quota_slots as s (name, slot, used, kept) values (budget, at_slot, granted, least(kept, granted))
    on conflict (name, slot) do update set used = s.used + excluded.used, kept = s.kept + excluded.kept;
  end if;
  if granted < wanted and wait_ms = 0 then
    select min(c.slot) into freed from (
      select s.slot, sum(s.used) over (order by s.slot) as counted
      from provider_quota_slots s where s.name = budget and s.slot > current_slot - slots
    ) c where c.counted > total + granted - usual;
    wait_ms := greatest((freed + slots) * slot_ms - now_ms, 0);
  end if;
  return next;
end $$;
