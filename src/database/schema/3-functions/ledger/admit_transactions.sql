-- Decides which new transactions may be recorded, within the statement that records them: one round trip for a batch
-- instead of five. It is a function because each of its statements sees all earlier commits: rows are read under the
-- locks, which the transaction keeps. The generic plan with index scans fits all values; planning it for each batch
-- took 150 µs.
create function admit_transactions(locks bigint[], ids uuid[], macs bytea[], since timestamptz, budgets text[],
  safeties numeric[], amounts bigint[])
returns table (id uuid, is_covered boolean) language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  taken bytea[];
  candidate record;
  budget text;
  rest bigint;
begin
  perform pg_advisory_xact_lock(key) from unnest(locks) key;
  taken := array(
    select t.duplicate_mac from transactions t
    where t.duplicate_mac = any(macs) and t.created_at > since and t.status not in ('failed', 'canceled'));
  -- Within a budget in the order of the ids, which is the order of arrival. A transaction that does not fit leaves the
  -- rest to later ones.
  for candidate in
    select * from unnest(ids, macs, budgets, safeties, amounts) as r (id, mac, budget, safety, amount)
    order by r.budget nulls first, r.id
  loop
    continue when candidate.mac = any(taken);
    if candidate.budget is distinct from budget then
      budget := candidate.budget;
      rest := float_left(budget, candidate.safety, null);
    end if;
    id := candidate.id;
    if rest < candidate.amount then
      continue when not claim_probe(budget, candidate.safety, candidate.amount, candidate.id);
      is_covered := false;
    else
      rest := rest - candidate.amount;
      is_covered := rest is not null;
    end if;
    return next;
  end loop;
end $$;
comment on function admit_transactions is
  'returns the new transactions that may be recorded: no duplicate (null: not guarded), and covered by the float '
  'at their provider (budget null: not paid from a float; rest unknown: is_covered is false)';
