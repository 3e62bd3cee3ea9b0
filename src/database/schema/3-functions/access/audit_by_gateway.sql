-- A line in the audit log about what the gateway did by itself, for a trigger: both are committed together.
create function audit_by_gateway(action text, target text, detail jsonb) returns void language plpgsql as $$
begin
  insert into audit_log (id, actor, action, target, detail) values (new_uuid(), 'gateway', action, target, detail);
end $$;
