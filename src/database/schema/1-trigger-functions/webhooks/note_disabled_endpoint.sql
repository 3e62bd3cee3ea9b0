-- Trigger function of `webhook_endpoints`: the app's other endpoints and the operators learn of an endpoint that the app
-- has not disabled itself. What the gateway disabled has a line in the audit log.
create function note_disabled_endpoint() returns trigger language plpgsql as $$
begin
  if new.disabled_reason in ('gone', 'failing') then
    perform audit_by_gateway('webhook_endpoint.disable', 'whep_' || new.id,
      jsonb_build_object('reason', new.disabled_reason));
  end if;
  insert into webhook_events (id, app_id, type, data)
  select new_uuid(), new.app_id, 'webhook_endpoint.disabled', jsonb_build_object('endpointId', 'whep_' || new.id,
    'reason', new.disabled_reason, 'url', '/v1/webhook-endpoints/whep_' || new.id)
  where exists (select from webhook_endpoints e where e.app_id = new.app_id and e.disabled_at is null);
  if operators_listen('ops.webhook_endpoint.disabled') then
    insert into webhook_events (id, type, data)
    values (new_uuid(), 'ops.webhook_endpoint.disabled', jsonb_build_object('endpointId', 'whep_' || new.id,
      'appId', 'app_' || new.app_id, 'reason', new.disabled_reason, 'url', '/v1/admin/webhook-endpoints/whep_' || new.id));
  end if;
  return null;
end $$;
