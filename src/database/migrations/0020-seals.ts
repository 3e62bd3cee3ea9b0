import type { MigrationInterface, QueryRunner } from 'typeorm';

const SEALS = `
-- What a row says, as text that is the same on every server: times in microseconds, no session setting in it.
create function event_digest(e transaction_events) returns bytea language sql stable as $$
  select sha256(convert_to(jsonb_build_array(e.id, e.transaction_id, e.app_id, e.seq,
    (extract(epoch from e.at) * 1000000)::bigint, e.from_status, e.to_status, e.actor, e.evidence, e.detail)::text, 'UTF8'))
$$;
create function entry_digest(e ledger_entries) returns bytea language sql stable as $$
  select sha256(convert_to(jsonb_build_array(e.transaction_id, e.app_id, e.seq, e.phase, e.debit_account,
    e.credit_account, e.amount, (extract(epoch from e.at) * 1000000)::bigint)::text, 'UTF8'))
$$;

create table ledger_seals (
  no bigint primary key check (no > 0),
  from_at timestamptz not null,
  to_at timestamptz not null check (to_at > from_at),
  rows integer not null check (rows > 0),
  leaves bytea not null,
  hash bytea not null,
  at timestamptz not null default clock_timestamp()
);
comment on table ledger_seals is 'each covers all events and entries of [from_at, to_at); together they are a hash chain';
comment on column ledger_seals.leaves is
  '37 bytes a row: transaction id, seq (4), kind (0 event, 1 hold, 2 post, 3 release), half of the SHA-256 of the row';
comment on column ledger_seals.hash is 'SHA-256 of the hash before, no, from_at, to_at (8 bytes each) and the leaves';
create index ledger_seals_to on ledger_seals (to_at);

create table ledger_checkpoints (
  account_id bigint not null references ledger_accounts (id),
  seal_no bigint not null references ledger_seals (no),
  held bigint not null,
  posted bigint not null,
  primary key (account_id, seal_no)
);
comment on table ledger_checkpoints is 'what an account had at the end of a seal that touched it: credits minus debits';

create trigger ledger_seals_append_only before update or delete or truncate on ledger_seals
  for each statement execute function refuse_change();
create trigger ledger_checkpoints_append_only before update or delete or truncate on ledger_checkpoints
  for each statement execute function refuse_change();

-- Rows arrive in the order of time: a summary per range of pages finds them and costs a writer next to nothing.
create index transaction_events_at on transaction_events using brin (at) with (pages_per_range = 16, autosummarize = on);
create index ledger_entries_at on ledger_entries using brin (at) with (pages_per_range = 16, autosummarize = on);
-- What became known late.
create index transaction_events_late on transaction_events (at) where from_status = 'unknown';
`;

/** The ledger as a hash chain. */
export class Seals1795220250000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SEALS);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
