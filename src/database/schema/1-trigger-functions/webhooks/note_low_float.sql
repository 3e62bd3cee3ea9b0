-- Trigger function of `provider_floats`: an event for operators about a balance that fell below a level.
create function note_low_float() returns trigger language plpgsql as $$
begin
  if operators_listen('ops.float.low') then
    insert into webhook_events (id, type, data)
    values (new_uuid(), 'ops.float.low', jsonb_build_object('provider', new.provider, 'level', new.low_level::text,
      'url', '/v1/admin/providers/' || new.provider || '/balance'));
  end if;
  return null;
end $$;
