-- Trigger function of `webhook_events`: adds a delivery for each endpoint that wants the event, in the same commit. All
-- endpoints of an app learn that another one was disabled, whatever their types.
create function deliver_webhook_events() returns trigger language plpgsql as $$
begin
  insert into webhook_deliveries (endpoint_id, transaction_id, seq, id, app_id, event_id, type)
  select e.id, a.id, 0, new_uuid(), a.app_id, a.id, a.type
  from added a
  join webhook_endpoints e on e.app_id is not distinct from a.app_id and e.disabled_at is null
  where a.type = any(e.types) or a.type = 'webhook_endpoint.disabled';
  return null;
end $$;
