-- Makes a table append-only; every trigger `<table>_append_only` calls it. Such a trigger also limits the privileges of
-- the application's role (src/database/grants.ts).
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;
