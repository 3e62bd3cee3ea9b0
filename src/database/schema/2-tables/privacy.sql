-- The progress of each task of the purge.
create table purge_tasks (
  name text primary key,
  next_at timestamptz not null default now(),
  reached_at timestamptz,
  reached_id uuid,
  rows bigint not null default 0,
  updated_at timestamptz not null default clock_timestamp()
);
comment on column purge_tasks.next_at is 'when the task is due again';
comment on column purge_tasks.reached_at is 'everything before this time is done; so is everything up to reached_id';

insert into purge_tasks (name) values
  ('block ended'),
  ('block passes'),
  ('erase blocked'),
  ('notifications'),
  ('webhook events'),
  ('idempotency keys'),
  ('erased apps'),
  ('late'),
  ('webhook deliveries');
