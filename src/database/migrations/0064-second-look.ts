import type { MigrationInterface, QueryRunner } from 'typeorm';

const COLUMNS = `
alter table provider_balances add column rate_counts boolean not null default true;
comment on column provider_balances.rate_counts is
  'false: off the usual rate and not seen a second time, or refuted by a later look; it is not used';
alter table provider_floats add column probe_id uuid, add column probed_at timestamptz;
comment on column provider_floats.probe_id is
  'the last purchase that was let through although the known rate does not cover it, to observe a better one';
`;

const FLOAT_RATE = `
create or replace function float_rate(budget text) returns numeric language sql as $$
  select percentile_disc(0.5) within group (order by unit_rate) from (
    select unit_rate from provider_balances
    where provider = budget and unit_rate is not null and rate_counts order by at desc limit 21
  ) recent
$$`;

/** As before, but for what is said to have left nothing. */
const OBSERVED_RATE = `
create or replace function observed_rate(told numeric, told_from timestamptz, budget text, purchase uuid, amount bigint)
returns numeric language plpgsql stable as $$
declare
  before provider_balances;
begin
  select * into before from provider_balances b
  where b.provider = budget and b.at <= told_from order by b.at desc, b.id desc limit 1;
  -- Nothing is learnt from a balance that rose, or is said to be used up altogether.
  if before.id is null or told <= 0 or before.balance <= told then
    return null;
  end if;
  -- Of those that ended last the balance before knows one at most: if there is another it is among two.
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
  -- While no rate is known the others wait in front of the door, with an open attempt.
  if found and not (
    exists (select from provider_floats f where f.provider = budget and f.turn_id = purchase)
    and float_rate(budget) is null) then
    return null;
  end if;
  return amount / (before.balance - told);
end $$`;

/** By more than a fifth: no exchange rate moves so far between two purchases. */
const RATES_AGREE = `
create function rates_agree(one numeric, other numeric) returns boolean language sql immutable parallel safe as $$
  select abs(one - other) <= 0.2 * other
$$`;

/** Whether a rate that was just observed counts; the one before it counts from then on when this one confirms it. */
const WEIGH_RATE = `
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
end $$`;

/**
 * A look that shows more than the answer to the last purchase did, and no more than there was before it: that purchase
 * cannot have cost what its answer said. What was paid in would show more than before, or be a coincidence that costs one observation.
 */
const REFUTE_RATE = `
create function refute_rate(budget text, told numeric, told_from timestamptz) returns boolean language plpgsql as $$
declare
  latest provider_balances;
  before numeric;
begin
  select * into latest from provider_balances b
  where b.provider = budget and b.unit_rate is not null order by b.at desc, b.id desc limit 1;
  if latest.id is null or not latest.rate_counts or told_from < latest.at or told <= latest.balance then
    return false;
  end if;
  select b.balance into before from provider_balances b
  where b.provider = budget and b.at <= latest.begun_at and b.id <> latest.id order by b.at desc, b.id desc limit 1;
  if told <= before then
    update provider_balances b set rate_counts = false where b.id = latest.id;
  end if;
  return coalesce(told <= before, false);
end $$`;

/**
 * Whether a purchase that the known rate does not cover goes all the same, to observe a better rate: the balance is fresh,
 * the rate alone stands in its way, and no other probe is out. A rate that was observed once only is probed every 30 s at
 * most; one that others confirm after 30 minutes without a purchase, so that even two false ones can be unlearnt.
 */
const CLAIM_PROBE = `
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
end $$`;

const ENTER_FLOAT = `
create or replace function enter_float(budget text, safety numeric, transaction uuid)
returns table (verdict text, begun_at timestamptz) language plpgsql as $$
declare
  holder uuid;
  rest numeric;
  amount bigint;
begin
  insert into provider_floats (provider) values (budget) on conflict (provider) do nothing;
  select f.turn_id into holder from provider_floats f where f.provider = budget for update;
  rest := float_left(budget, safety, transaction);
  if rest >= 0 then
    verdict := 'go';
  elsif rest is not null then
    select t.quantity into amount from transactions t where t.id = transaction;
    verdict := case when claim_probe(budget, safety, amount, transaction) then 'probe' else 'short' end;
  elsif holder is distinct from transaction
    and exists (select from transactions t where t.id = holder and t.status = 'pending' and t.attempt_open) then
    verdict := 'turn';
  else
    update provider_floats f set turn_id = transaction where f.provider = budget;
    verdict := 'go';
  end if;
  begun_at := clock_timestamp();
  return next;
end $$`;

const ADMIT = `
create or replace function admit_transactions(locks bigint[], ids uuid[], macs bytea[], since timestamptz, budgets text[],
  safeties numeric[], amounts bigint[])
returns table (id uuid, is_covered boolean) language plpgsql
set enable_seqscan to off set plan_cache_mode to force_generic_plan as $$
declare
  taken bytea[];
  asked record;
  budget text;
  rest bigint;
begin
  perform pg_advisory_xact_lock(key) from unnest(locks) key;
  taken := array(
    select t.duplicate_mac from transactions t
    where t.duplicate_mac = any(macs) and t.created_at > since and t.status not in ('failed', 'canceled'));
  -- Of each budget in the order of their ids, which is that of their arrival: who does not fit leaves the rest to others.
  for asked in
    select * from unnest(ids, macs, budgets, safeties, amounts) as r (id, mac, budget, safety, amount)
    order by r.budget nulls first, r.id
  loop
    continue when asked.mac = any(taken);
    if asked.budget is distinct from budget then
      budget := asked.budget;
      rest := float_left(budget, asked.safety, null);
    end if;
    id := asked.id;
    if rest < asked.amount then
      continue when not claim_probe(budget, asked.safety, asked.amount, asked.id);
      is_covered := false;
    else
      rest := rest - asked.amount;
      is_covered := rest is not null;
    end if;
    return next;
  end loop;
end $$`;

/** UUIDs are compared without case, and are kept in small letters from now on. */
const CORRELATIONS = `
update transactions set correlation_id = lower(correlation_id)
where correlation_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and correlation_id <> lower(correlation_id);
update notifications set correlation_id = lower(correlation_id)
where correlation_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and correlation_id <> lower(correlation_id);
`;

/** A rate that is far off the usual one needs a second look, and a false one can be unlearnt. */
export class SecondLook1795226400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const functions = [
      FLOAT_RATE,
      OBSERVED_RATE,
      RATES_AGREE,
      WEIGH_RATE,
      REFUTE_RATE,
      CLAIM_PROBE,
      ENTER_FLOAT,
      ADMIT,
    ];
    // First what looks at every row: the rest locks the table that each purchase writes to.
    for (const statement of [CORRELATIONS, COLUMNS, ...functions]) await runner.query(statement);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
