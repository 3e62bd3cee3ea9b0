import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES = `
create table open_counts (
  provider text not null,
  type text not null,
  status text not null,
  parked boolean not null,
  since timestamptz not null,
  count bigint not null,
  primary key (provider, type, status, parked, since)
);
comment on table open_counts is 'how many transactions are open, together with open_count_changes';
comment on column open_counts.since is
  'of those that a provider has accepted: the hour from which on they were with it; -infinity for all others';

create table open_count_changes (
  provider text not null,
  type text not null,
  status text not null,
  parked boolean not null,
  since timestamptz not null,
  change bigint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
comment on table open_count_changes is
  'what each statement has changed, added by the statement itself: nobody waits for anybody; folded into open_counts later';`;

const SINCE = `
create function open_since(status text, release_at timestamptz, created_at timestamptz)
returns timestamptz language sql immutable parallel safe as $$
  select case when status = 'processing' then date_bin('1 hour', coalesce(release_at, created_at), 'epoch')
    else '-infinity' end
$$`;

/**
 * Once a statement, whatever its rows are and whoever sends it: what they were is taken off, what they are is added, and
 * what comes to nothing is not written.
 */
const NOTE = `
create function note_open_counts() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    insert into open_count_changes
    select provider, type, status, parked, open_since(status, release_at, created_at), count(*)
    from added where status in ('scheduled', 'pending', 'processing', 'unknown') group by 1, 2, 3, 4, 5;
  elsif tg_op = 'DELETE' then
    insert into open_count_changes
    select provider, type, status, parked, open_since(status, release_at, created_at), -count(*)
    from removed where status in ('scheduled', 'pending', 'processing', 'unknown') group by 1, 2, 3, 4, 5;
  else
    insert into open_count_changes
    select provider, type, status, parked, open_since(status, release_at, created_at), sum(change)
    from (
      select provider, type, status, parked, release_at, created_at, -1 as change from removed
      union all
      select provider, type, status, parked, release_at, created_at, 1 from added) rows
    where status in ('scheduled', 'pending', 'processing', 'unknown')
    group by 1, 2, 3, 4, 5 having sum(change) <> 0;
  end if;
  return null;
end $$`;

const TRIGGERS = `
create trigger transactions_counted_added after insert on transactions
referencing new table as added for each statement execute function note_open_counts();
create trigger transactions_counted_changed after update on transactions
referencing old table as removed new table as added for each statement execute function note_open_counts();
create trigger transactions_counted_removed after delete on transactions
referencing old table as removed for each statement execute function note_open_counts()`;

/** After the triggers, which let no other writer in before the end of this. */
const FIRST = `
insert into open_counts
select provider, type, status, parked, open_since(status, release_at, created_at), count(*)
from transactions where status in ('scheduled', 'pending', 'processing', 'unknown') group by 1, 2, 3, 4, 5`;

/** How many transactions are open is read from sums, which cost the same with a thousand open as with a million. */
export class OpenCounts1795225500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const text of [TABLES, SINCE, NOTE, TRIGGERS, FIRST]) await runner.query(text);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
