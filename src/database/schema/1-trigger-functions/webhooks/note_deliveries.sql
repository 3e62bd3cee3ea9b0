-- Trigger function of `transaction_events`: adds a delivery for each endpoint that wants the event, in the same commit. It
-- runs once for each statement and costs an app without endpoints one index look-up.
create function note_deliveries() returns trigger language plpgsql as $$
begin
  insert into webhook_deliveries (endpoint_id, transaction_id, seq, id, app_id, event_id, type)
  select e.id, a.transaction_id, a.seq, new_uuid(), a.app_id, a.id, event_type(a.to_status, a.evidence)
  from added a
  join webhook_endpoints e on e.app_id = a.app_id and e.disabled_at is null
  where event_type(a.to_status, a.evidence) = any(e.types)
  on conflict do nothing;
  return null;
end $$;
