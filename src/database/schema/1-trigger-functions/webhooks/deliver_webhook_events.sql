-- Trigger function of `webhook_events`: adds a delivery for each endpoint that wants the event, in the same commit. All
-- endpoints of an app learn that another one was disabled, whatever their types. Apps and operators apart: `is not distinct
-- from` would read the endpoints of all apps.
create function deliver_webhook_events() returns trigger language plpgsql as $$
begin
  insert into webhook_deliveries (endpoint_id, transaction_id, seq, id, app_id, event_id, type)
  select e.id, a.id, 0, new_uuid(), a.app_id, a.id, a.type
  from added a
  join webhook_endpoints e on e.app_id = a.app_id and e.disabled_at is null
  where a.type = any(e.types) or a.type = 'webhook_endpoint.disabled'
  union all
  select e.id, a.id, 0, new_uuid(), null, a.id, a.type
  from added a
  join webhook_endpoints e on e.app_id is null and e.disabled_at is null
  where a.app_id is null and a.type = any(e.types);
  return null;
end $$;
