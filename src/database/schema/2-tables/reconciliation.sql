-- Statements, status sweeps and balances, compared with the ledger.

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
  completed_at timestamptz,
  period_from timestamptz,
  period_to timestamptz,
  period_source text check (period_source in ('given', 'lines')),
  format jsonb,
  pending_lines integer not null default 0,
  bad_counts jsonb not null default '{}'
);
comment on column reconciliations.step is 'where an interrupted run continues';
comment on column reconciliations.bad_lines is 'the first 100 lines that could not be read: number and fault';
comment on column reconciliations.period_source is 'given: from, to or both; lines: derived from most lines';
comment on column reconciliations.format is 'how the file was read: delimiter, encoding, columns and declared notation';
create index reconciliations_open on reconciliations (created_at) where status in ('uploading', 'running');
create unique index reconciliations_file on reconciliations (provider, file_hash)
  where status in ('running', 'completed') and file_hash is not null;
-- All nightly sweeps have the same from_at; to_at distinguishes the nights.
create unique index reconciliations_scheduled on reconciliations (provider, kind, from_at, to_at)
  where created_by = 'gateway';

-- Lines that could not be read, stored for correction.
create table reconciliation_bad_lines (
  run_id uuid not null,
  line_no integer not null,
  code text not null,
  column_name text,
  transaction_id uuid,
  cells text[],
  primary key (run_id, line_no)
);
comment on column reconciliation_bad_lines.transaction_id is
  'the transaction that the line names, if it is one of the gateway';
comment on column reconciliation_bad_lines.cells is
  'the cells of the columns that are read, in the order of the file. A null cell was not stored. '
  'A null array: the line could not be split into cells';

-- The transactions of each statement: a later statement does not report them as missing, and a second execution is
-- found across files.
create table statement_pages (
  run_id uuid not null,
  provider text not null,
  low bigint not null,
  high bigint not null,
  ids uuid[] not null,
  marks integer[] not null
);
comment on table statement_pages is 'the transactions that a statement contained, some thousand a row';
comment on column statement_pages.low is 'the first millisecond of ids in the file';
comment on column statement_pages.high is 'the last millisecond of ids in the file';
comment on column statement_pages.marks is
  'for each executed line: twice the minutes since 1970, plus one for a day without a time; or the hash of the '
  'provider''s id';
-- Without compression, which would slow down the comparison of statements.
alter table statement_pages alter column ids set storage external, alter column marks set storage external;
create index statement_pages_range on statement_pages (provider, high, low);

-- Differences between a provider and the ledger. A decision applies to one difference; another difference is another
-- break.
create table breaks (
  id uuid primary key,
  class text not null,
  provider text not null,
  transaction_id uuid,
  notification_id uuid,
  detail jsonb not null default '{}',
  status text not null default 'open' check (status in ('open', 'resolved')),
  created_at timestamptz not null default now(),
  resolved_at timestamptz,
  run_id uuid,
  record_key text,
  provider_record jsonb,
  amount bigint,
  unit text,
  proposed jsonb,
  resolution text,
  reason text,
  resolved_by text,
  updated_at timestamptz not null default clock_timestamp(),
  difference text generated always as (
    coalesce(provider_record->>'amount', '') || ' ' || coalesce(provider_record->>'unit', '') || ' '
    || coalesce(provider_record->>'succeeded', '') || ' ' || coalesce(provider_record->>'reversal', '') || ' '
    || coalesce(provider_record->>'at', '')) stored
);
comment on column breaks.record_key is 'the provider''s record that the break is about; null: none';
comment on column breaks.amount is 'the amount at risk, in the smallest part of the unit';
comment on column breaks.proposed is 'a resolution that waits for a second operator: resolution, reason, by, at';
comment on column breaks.difference is 'the difference that is decided: amount, status and date of the line';
create index breaks_open on breaks (created_at) where status = 'open';
create unique index breaks_once on breaks (class, provider, transaction_id, notification_id, record_key, difference)
  nulls not distinct;
create index breaks_run on breaks (run_id, id);
create index breaks_transaction on breaks (transaction_id) where status = 'open';
