-- Trigger function of `provider_states`: an event for operators about a provider that was paused, blocked or resumed. The
-- gateway itself pauses a provider that refuses its credentials: it is blocked.
create function note_provider_state() returns trigger language plpgsql as $$
declare
  event text := case when new.paused_at is null then 'ops.provider.resumed'
    when new.paused_by = 'gateway' then 'ops.provider.blocked' else 'ops.provider.paused' end;
begin
  if operators_listen(event) then
    insert into webhook_events (id, type, data)
    values (new_uuid(), event, jsonb_build_object('provider', new.provider, 'url', '/v1/admin/providers'));
  end if;
  return null;
end $$;
