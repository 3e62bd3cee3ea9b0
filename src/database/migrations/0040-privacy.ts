import type { MigrationInterface, QueryRunner } from 'typeorm';

const PRIVACY = `
create table app_data_keys (
  app_id uuid primary key references apps (id),
  sealed bytea,
  created_at timestamptz not null default clock_timestamp(),
  destroyed_at timestamptz,
  erased_at timestamptz,
  check ((sealed is null) = (destroyed_at is not null))
);
comment on column app_data_keys.sealed is 'the key of what belongs to the app, encrypted under ENCRYPTION_KEY; null: destroyed';
comment on column app_data_keys.erased_at is 'the masked remains of its transactions are gone too';

alter table transactions add column blocked_at timestamptz, add column erased_at timestamptz;
alter table resources add column blocked_at timestamptz, add column erased_at timestamptz;
comment on column transactions.blocked_at is 'personal data is kept for claims only, since then';

-- What ended in some hour lies together: this finds it and costs its writers next to nothing.
create index transactions_completed on transactions using brin (completed_at) with (pages_per_range = 16, autosummarize = on);
create index transactions_blocked on transactions (blocked_at) where blocked_at is not null and erased_at is null;
create index resources_kept on resources (updated_at) where blocked_at is null and erased_at is null;

-- Statements are compared as they arrive: nothing writes it any more.
drop table statement_lines;

create table purge_tasks (
  name text primary key,
  next_at timestamptz not null default now(),
  reached_at timestamptz,
  reached_id uuid,
  rows bigint not null default 0,
  updated_at timestamptz not null default clock_timestamp()
);
comment on column purge_tasks.next_at is 'when somebody has to look again';
comment on column purge_tasks.reached_at is 'everything before has been done; so has everything up to reached_id';
insert into purge_tasks (name) values ('block ended'), ('block passes'), ('erase blocked'), ('notifications'),
  ('idempotency keys'), ('erased apps');`;

export class Privacy1795223000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(PRIVACY);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
