import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * take_quota with turns: as long as somebody has waited long, those who have just come get every second permit and no
 * more. `turn` is `new`, `old`, or empty for those who are outside of it (logins, operators, status queries).
 */
const TURNS = `
alter table provider_quotas add column waited_until timestamptz;
alter table provider_quotas add column owed integer not null default 0;
comment on column provider_quotas.waited_until is 'until then it is known that operations have waited long';
comment on column provider_quotas.owed is 'permits that newcomers had before those who have waited long';
drop function take_quota(text, integer, integer, bigint, integer, integer);

create function take_quota(budget text, wanted integer, ceiling integer, slot_ms bigint, slots integer, margin integer,
  turn text)
returns table (granted integer, at_slot bigint, wait_ms double precision) language plpgsql as $$
declare
  quota provider_quotas%rowtype;
  now_ms double precision;
  current_slot bigint;
  total integer;
  available integer;
  owed_now integer;
  freed bigint;
begin
  insert into provider_quotas (name) values (budget) on conflict (name) do nothing;
  select q.* into quota from provider_quotas q where q.name = budget for update;
  now_ms := extract(epoch from clock_timestamp()) * 1000;
  current_slot := floor(now_ms / slot_ms);
  -- Where the request is counted until it is known when it had arrived at the latest.
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
  available := greatest(ceiling - total, 0);
  granted := least(wanted, available);
  owed_now := quota.owed;
  if turn = 'new' and quota.waited_until > clock_timestamp() then
    granted := least(wanted, greatest((available - owed_now + 1) / 2, 0));
  end if;
  if quota.probing and granted > 0 then
    -- A probe whose maker died is given up when no call can take longer.
    granted := case when quota.probed_at > clock_timestamp() - interval '60 s' then 0 else 1 end;
    wait_ms := 500;
  end if;
  if turn = 'new' and quota.waited_until > clock_timestamp() then
    owed_now := owed_now + granted;
    -- What is left is for those who have waited long: it is not to be had when a permit gets free.
    wait_ms := case when granted < wanted and available > granted then 500 else wait_ms end;
  elsif turn = 'old' then
    owed_now := greatest(owed_now - granted, 0);
  end if;
  if granted > 0 then
    update provider_quotas q set owed = owed_now where q.name = budget and q.owed <> owed_now;
    update provider_quotas q set probed_at = clock_timestamp() where q.name = budget and q.probing;
    insert into provider_quota_slots as s (name, slot, used) values (budget, at_slot, granted)
    on conflict (name, slot) do update set used = s.used + excluded.used;
  end if;
  if granted < wanted and wait_ms = 0 then
    select min(c.slot) into freed from (
      select s.slot, sum(s.used) over (order by s.slot) as counted
      from provider_quota_slots s where s.name = budget and s.slot > current_slot - slots
    ) c where c.counted > total + granted - ceiling;
    wait_ms := greatest((freed + slots) * slot_ms - now_ms, 0);
  end if;
  return next;
end $$;
`;

/** Who has waited long for a permit and who has just come take turns. */
export class QuotaTurns1795220200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TURNS);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
