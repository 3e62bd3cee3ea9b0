-- Trigger function of `transaction_events`: adds a delivery for each endpoint that wants the event, in the same commit, and
-- an event for operators who want to know of transactions that became unknown. It runs once for each statement. It costs an
-- app without endpoints, and a gateway whose operators have none, one index look-up each.
create function note_deliveries() returns trigger language plpgsql as $$
begin
  insert into webhook_deliveries (endpoint_id, transaction_id, seq, id, app_id, event_id, type)
  select e.id, a.transaction_id, a.seq, new_uuid(), a.app_id, a.id, event_type(a.to_status, a.evidence)
  from added a
  join webhook_endpoints e on e.app_id = a.app_id and e.disabled_at is null
  where event_type(a.to_status, a.evidence) = any(e.types)
  on conflict do nothing;
  if operators_listen('ops.unknown.opened') then
    insert into webhook_events (id, type, data)
    select new_uuid(), 'ops.unknown.opened', jsonb_build_object('provider', t.provider, 'count', count(*),
      'transactionIds', (array_agg('txn_' || t.id order by t.id))[1:10],
      'url', '/v1/admin/transactions/unknown?provider=' || t.provider)
    from added a join transactions t on t.id = a.transaction_id and t.app_id = a.app_id
    where a.to_status = 'unknown' group by t.provider;
  end if;
  return null;
end $$;
