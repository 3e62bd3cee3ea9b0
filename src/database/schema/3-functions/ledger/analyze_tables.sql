-- Refreshes the planner's statistics. Only the owner of a table may do that, and before PostgreSQL 17 the privilege
-- cannot be granted. Without this function the gateway's role would only get a warning, and its statements would keep
-- the plans of an empty table.
create function analyze_tables(names text[]) returns void language plpgsql security definer
set search_path from current as $$
declare
  name text;
begin
  foreach name in array names loop
    if name = any (array['transactions', 'resources', 'notifications', 'provider_balances']) then
      execute format('analyze %I', name);
    end if;
  end loop;
end $$;
