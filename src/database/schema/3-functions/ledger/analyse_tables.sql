-- Refreshes the planner's statistics. Only the owner of a table may do that, and before PostgreSQL 17 the right cannot
-- be granted: without this function the role of the gateway gets a warning, and its statements keep the plans of an
-- empty table.
create function analyse_tables(names text[]) returns void language plpgsql security definer
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
