import type { MigrationInterface, QueryRunner } from 'typeorm';

const RECONCILIATION = `
create table reconciliations (
  id uuid primary key,
  provider text not null,
  kind text not null check (kind in ('statement', 'status', 'balance')),
  status text not null check (status in ('uploading', 'running', 'completed', 'failed')),
  step text not null default 'begin',
  from_at timestamptz,
  to_at timestamptz,
  lines integer not null default 0,
  bad_count integer not null default 0,
  bad_lines jsonb not null default '[]',
  file_hash bytea,
  counts jsonb not null default '{}',
  failure text,
  lease_until timestamptz,
  created_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  completed_at timestamptz
);
comment on column reconciliations.step is 'where a run that was cut off goes on';
comment on column reconciliations.bad_lines is 'the first hundred lines that could not be read: number and why';
create index reconciliations_open on reconciliations (created_at) where status in ('uploading', 'running');
create unique index reconciliations_file on reconciliations (provider, file_hash)
  where status in ('running', 'completed') and file_hash is not null;
create unique index reconciliations_scheduled on reconciliations (provider, kind, from_at) where created_by = 'gateway';

create table statement_lines (
  run_id uuid not null,
  line_no integer not null,
  transaction_id uuid,
  provider_reference text,
  reference text,
  succeeded boolean not null,
  amount bigint not null,
  unit text not null,
  at timestamptz not null,
  primary key (run_id, line_no)
);
comment on column statement_lines.transaction_id is 'our id, as the provider repeats it';

alter table breaks
  add column run_id uuid,
  add column record_key text,
  add column provider_record jsonb,
  add column amount bigint,
  add column unit text,
  add column proposed jsonb,
  add column resolution text,
  add column reason text,
  add column resolved_by text,
  add column updated_at timestamptz not null default clock_timestamp();
comment on column breaks.record_key is 'which record of the provider it is about; null: none';
comment on column breaks.amount is 'at risk, in the smallest part of the unit';
comment on column breaks.proposed is 'a resolution that waits for a second operator: resolution, reason, by, at';
drop index breaks_once;
create unique index breaks_once on breaks (class, provider, transaction_id, notification_id, record_key)
  nulls not distinct;
create index breaks_run on breaks (run_id, id);
create index breaks_transaction on breaks (transaction_id) where status = 'open';
`;

/** Statements, status sweeps and balances beside the ledger. */
export class Reconciliation1795220400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(RECONCILIATION);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
