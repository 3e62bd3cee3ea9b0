import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Public keys of a provider as they were seen last, to notice when they are exchanged. */
const KEYS = `
create table provider_keys (
  name text primary key,
  fingerprint bytea not null,
  changed_at timestamptz not null default now()
);
`;

/**
 * Replaces grant_quota: lanes with ceilings of their own, one probe after a block, and permits that are counted anew when
 * their answer is there. Functions, because each statement inside sees what was committed before it: the count must be
 * read after the lock.
 */
const QUOTA = `
alter table provider_quotas add column probing boolean not null default false;
alter table provider_quotas add column probed_at timestamptz;
comment on column provider_quotas.probing is 'after a block: one request at a time, until one was not refused';
drop function grant_quota(text, integer, integer, bigint, integer);

create function take_quota(budget text, wanted integer, ceiling integer, slot_ms bigint, slots integer, margin integer)
returns table (granted integer, at_slot bigint, wait_ms double precision) language plpgsql as $$
declare
  quota provider_quotas%rowtype;
  now_ms double precision;
  current_slot bigint;
  total integer;
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
  granted := greatest(least(wanted, ceiling - total), 0);
  if quota.probing and granted > 0 then
    -- A probe whose maker died is given up when no call can take longer.
    granted := case when quota.probed_at > clock_timestamp() - interval '60 s' then 0 else 1 end;
    wait_ms := 500;
  end if;
  if granted > 0 then
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
  -- What had been sent before the block says nothing of its end.
  update provider_quotas q set probing = q.probing and not answered, probed_at = null
  where q.name = budget and q.probing and q.blocked_until <= clock_timestamp();
end $$;
`;

/** What LoyaltyLayer needs beyond the first release. */
export class LoyaltyLayer1795219500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const part of [KEYS, QUOTA]) await runner.query(part);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
