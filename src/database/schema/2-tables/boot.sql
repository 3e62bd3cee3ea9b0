-- Lets every start verify that the ENCRYPTION_KEY belongs to this database.
create table encryption_key_check (
  singleton boolean primary key default true check (singleton),
  sealed bytea not null,
  created_at timestamptz not null default clock_timestamp()
);
comment on table encryption_key_check is 'at most one row, which every start must be able to open';
comment on column encryption_key_check.sealed is 'a fixed text, encrypted under the ENCRYPTION_KEY of the first start';
create trigger encryption_key_check_append_only before update or delete or truncate on encryption_key_check
  for each statement execute function refuse_change();
