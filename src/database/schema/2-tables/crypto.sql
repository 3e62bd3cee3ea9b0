-- The key of each app's personal data. Without its key that data is unreadable, also in copies that do not contain the
-- key.
create table app_data_keys (
  app_id uuid primary key references apps (id),
  sealed bytea,
  created_at timestamptz not null default clock_timestamp(),
  destroyed_at timestamptz,
  erased_at timestamptz,
  check ((sealed is null) = (destroyed_at is not null))
);
comment on column app_data_keys.sealed is 'the key of the app''s data, encrypted under ENCRYPTION_KEY; null: destroyed';
comment on column app_data_keys.erased_at is 'since when the masked remains of its transactions are erased too';
