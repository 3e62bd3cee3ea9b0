-- Decides whether a recorded purchase may be sent now: 'go', 'probe' (sent to observe a better rate), 'short', or
-- 'turn' (no rate is known and another purchase is in progress). It is a function because each of its statements sees
-- all earlier commits: the remaining balance is read under the lock.
create function enter_float(budget text, safety numeric, transaction uuid)
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
end $$;
