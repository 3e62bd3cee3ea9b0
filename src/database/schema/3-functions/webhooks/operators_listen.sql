-- True when an endpoint of the operators wants events of this type. Writers ask first: without one nothing is written.
-- Not in SQL, because PL/pgSQL keeps the plan.
create function operators_listen(event text) returns boolean language plpgsql stable as $$
begin
  return exists (
    select from webhook_endpoints where app_id is null and disabled_at is null and event = any(types));
end $$;
