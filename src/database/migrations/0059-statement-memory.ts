import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How a statement was read, every bad line of it, and which transactions it had: no later statement misses these, and a
 * second execution is found across files. A break is decided for one difference: another one is another break.
 */
const STATEMENT_MEMORY = `
alter table reconciliations
  add column period_from timestamptz,
  add column period_to timestamptz,
  add column period_source text check (period_source in ('given', 'lines')),
  add column format jsonb,
  add column pending_lines integer not null default 0,
  add column bad_counts jsonb not null default '{}';
comment on column reconciliations.period_source is 'given: from, to or both; lines: what most lines say';
comment on column reconciliations.format is 'how the file was read: delimiter, encoding, columns and what was declared';

create table reconciliation_bad_lines (
  run_id uuid not null,
  line_no integer not null,
  code text not null,
  column_name text,
  transaction_id uuid,
  primary key (run_id, line_no)
);
comment on column reconciliation_bad_lines.transaction_id is 'the transaction that the line names, where it is one of the gateway';

create table statement_pages (
  run_id uuid not null,
  provider text not null,
  low bigint not null,
  high bigint not null,
  ids uuid[] not null,
  marks integer[] not null
);
comment on table statement_pages is 'which transactions a statement had, some thousand a row';
comment on column statement_pages.low is 'the first millisecond of ids in the file';
comment on column statement_pages.high is 'the last millisecond of ids in the file';
comment on column statement_pages.marks is 'of each executed line: minutes since 1970, twice, and one more for a day without a time; or the provider''s id, hashed';
alter table statement_pages alter column ids set storage external, alter column marks set storage external;
create index statement_pages_range on statement_pages (provider, high, low);

alter table breaks add column difference text generated always as (
  coalesce(provider_record->>'amount', '') || ' ' || coalesce(provider_record->>'unit', '') || ' '
  || coalesce(provider_record->>'succeeded', '') || ' ' || coalesce(provider_record->>'reversal', '') || ' '
  || coalesce(provider_record->>'at', '')) stored;
comment on column breaks.difference is 'what a decision is about: amount, status and date of the line';
drop index breaks_once;
create unique index breaks_once on breaks (class, provider, transaction_id, notification_id, record_key, difference)
  nulls not distinct;
`;

export class StatementMemory1795225900000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(STATEMENT_MEMORY);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
