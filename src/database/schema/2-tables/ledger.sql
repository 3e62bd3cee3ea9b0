-- The ledger. Only src/ledger writes to these tables. The primary key of every table with rows of apps contains the
-- app's id.

create table transactions (
  id uuid not null,
  app_id uuid not null,
  type text not null,
  provider text not null,
  status text not null
    check (status in ('scheduled', 'pending', 'processing', 'unknown', 'succeeded', 'failed', 'canceled')),
  reference text,
  reference_scope text,
  idempotency_key text,
  idempotency_item integer not null default 0,
  request_mac bytea,
  quantity bigint check (quantity > 0),
  unit text,
  correlation_id text,
  provider_reference text,
  detail jsonb not null,
  sealed bytea,
  metadata jsonb not null default '{}',
  failure jsonb,
  resource_id uuid,
  duplicate_mac bytea,
  attempts integer not null default 0,
  attempt_open boolean not null default false,
  epoch integer not null default 0,
  due_at timestamptz,
  parked boolean not null default false,
  release_at timestamptz,
  expires_at timestamptz,
  expected_by timestamptz,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  completed_at timestamptz,
  covered boolean not null default false,
  blocked_at timestamptz,
  erased_at timestamptz,
  claim_id uuid,
  claim_epoch integer,
  primary key (id, app_id),
  check ((quantity is null) = (unit is null)),
  check ((completed_at is not null) = (status in ('succeeded', 'failed', 'canceled')))
);
comment on column transactions.reference_scope is
  'the scope in which (type, reference) is unique for ever: the app, or the partner id that apps share at a provider';
comment on column transactions.sealed is 'encrypted: personal data and the exact bytes that are sent to the provider';
comment on column transactions.attempt_open is 'a call to the provider may be in progress, or a crash interrupted it';
comment on column transactions.epoch is 'counts the leases: the holder of an older one has lost the row';
comment on column transactions.due_at is
  'when the row needs work again: retry, release, poll, or, while an attempt is in progress, the end of its lease';
comment on column transactions.covered is 'paid from the float, which the gateway has paid in at the provider';
comment on column transactions.blocked_at is 'since when personal data is kept for claims only';
comment on column transactions.claim_id is
  'the claim that began the last attempt: an instance finds its row by it when the answer to the claim was lost';
comment on column transactions.claim_epoch is 'the epoch that this claim made';

create unique index transactions_idempotency on transactions (app_id, idempotency_key, idempotency_item)
  where idempotency_key is not null;
create unique index transactions_reference on transactions (reference_scope, type, reference)
  where reference is not null;
create index transactions_app on transactions (app_id, id);
create index transactions_due on transactions (provider, due_at) where due_at is not null;
create index transactions_open on transactions (status, provider, id)
  where status in ('scheduled', 'pending', 'processing', 'unknown');
create index transactions_correlation on transactions (correlation_id) where correlation_id is not null;
create index transactions_provider_reference on transactions (provider, provider_reference)
  where provider_reference is not null;
create index transactions_resource on transactions (resource_id) where resource_id is not null;
create index transactions_duplicate on transactions (duplicate_mac, created_at) where duplicate_mac is not null;
create index transactions_covered on transactions (provider, completed_at) where covered and status = 'succeeded';
-- Transactions that ended in the same hour are stored close together, so a summary for each range of pages is enough.
-- It costs writers almost nothing.
create index transactions_completed on transactions using brin (completed_at)
  with (pages_per_range = 16, autosummarize = on);
create index transactions_blocked on transactions (blocked_at) where blocked_at is not null and erased_at is null;

create trigger transactions_counted_added after insert on transactions
  referencing new table as added for each statement execute function note_open_counts();
create trigger transactions_counted_changed after update on transactions
  referencing old table as removed new table as added for each statement execute function note_open_counts();
create trigger transactions_counted_removed after delete on transactions
  referencing old table as removed for each statement execute function note_open_counts();

-- The timeline of a transaction.
create table transaction_events (
  id uuid not null,
  transaction_id uuid not null,
  app_id uuid not null,
  seq integer not null,
  at timestamptz not null default clock_timestamp(),
  from_status text,
  to_status text,
  actor text not null,
  evidence text not null,
  detail jsonb not null default '{}',
  primary key (transaction_id, seq, app_id)
);
create trigger transaction_events_append_only before update or delete or truncate on transaction_events
  for each statement execute function refuse_change();
-- Rows are stored in order of time, so a summary for each range of pages is enough. It costs writers almost nothing.
create index transaction_events_at on transaction_events using brin (at)
  with (pages_per_range = 16, autosummarize = on);
-- Outcomes that became known late.
create index transaction_events_late on transaction_events (at) where from_status = 'unknown';
-- Outcomes that were corrected later.
create index transaction_events_corrected on transaction_events (at)
  where evidence = 'correction' and to_status is null;

-- Status changes, corrections and delays: the events that partners are told, in the order of the feed.
create index transaction_events_published on transaction_events (app_id, at, id)
  where to_status is not null or evidence in ('correction', 'overdue');

-- Operations that were sent to a provider in one call; written before the call.
create table transaction_batches (
  batch_id uuid not null,
  position integer not null,
  transaction_id uuid not null,
  app_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  primary key (batch_id, position)
);
comment on column transaction_batches.position is 'position in the list that was sent, from 0';
create index transaction_batches_transaction on transaction_batches (transaction_id);
create trigger transaction_batches_append_only before update or delete or truncate on transaction_batches
  for each statement execute function refuse_change();

-- Resources, e.g. passes, which outlive the transactions that act on them.
create table resources (
  id uuid not null,
  app_id uuid not null,
  kind text not null,
  provider text not null,
  provider_reference text,
  status text not null,
  detail jsonb not null,
  sealed bytea,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  blocked_at timestamptz,
  erased_at timestamptz,
  primary key (id, app_id)
);
create index resources_app on resources (app_id, kind, id);
create index resources_provider_reference on resources (provider, provider_reference)
  where provider_reference is not null;
create index resources_kept on resources (updated_at) where blocked_at is null and erased_at is null;
create index resources_closed on resources (coalesce(erased_at, blocked_at))
  where coalesce(erased_at, blocked_at) is not null;

-- The owner and unit of an account never change: otherwise a balance could move to another owner without a trace.
create table ledger_accounts (
  id bigint generated always as identity primary key,
  owner_kind text not null check (owner_kind in ('app', 'provider')),
  owner text not null,
  unit text not null,
  created_at timestamptz not null default now(),
  unique (owner_kind, owner, unit)
);
create trigger ledger_accounts_append_only before update or delete or truncate on ledger_accounts
  for each statement execute function refuse_change();

-- One row moves one amount from the debit to the credit account, so each unit sums to zero by construction.
create table ledger_entries (
  transaction_id uuid not null,
  app_id uuid not null,
  seq integer not null,
  phase text not null check (phase in ('hold', 'post', 'release')),
  debit_account bigint not null references ledger_accounts (id),
  credit_account bigint not null references ledger_accounts (id),
  amount bigint not null check (amount > 0),
  at timestamptz not null default now(),
  primary key (transaction_id, seq, phase, app_id),
  check (debit_account <> credit_account)
);
comment on column ledger_entries.phase is
  'hold: reserved; post: the hold ended and the amount moved for good; release: the hold ended';
create trigger ledger_entries_append_only before update or delete or truncate on ledger_entries
  for each statement execute function refuse_change();
-- See transaction_events_at.
create index ledger_entries_at on ledger_entries using brin (at) with (pages_per_range = 16, autosummarize = on);

create table ledger_seals (
  no bigint primary key check (no > 0),
  from_at timestamptz not null,
  to_at timestamptz not null check (to_at > from_at),
  rows integer not null check (rows > 0),
  leaves bytea not null,
  hash bytea not null,
  at timestamptz not null default clock_timestamp()
);
comment on table ledger_seals is
  'each seal covers all events and entries of [from_at, to_at); together the seals are a hash chain';
comment on column ledger_seals.leaves is
  '37 bytes a row: transaction id, seq (4), kind (0 event, 1 hold, 2 post, 3 release), half of the SHA-256 of the row';
comment on column ledger_seals.hash is 'SHA-256 of the previous hash, no, from_at, to_at (8 bytes each) and the leaves';
create index ledger_seals_to on ledger_seals (to_at);
create trigger ledger_seals_append_only before update or delete or truncate on ledger_seals
  for each statement execute function refuse_change();

create table ledger_checkpoints (
  account_id bigint not null references ledger_accounts (id),
  seal_no bigint not null references ledger_seals (no),
  held bigint not null,
  posted bigint not null,
  primary key (account_id, seal_no)
);
comment on table ledger_checkpoints is
  'the balance of an account at the end of each seal that touched it: credits minus debits';
create trigger ledger_checkpoints_append_only before update or delete or truncate on ledger_checkpoints
  for each statement execute function refuse_change();

-- Counts of open transactions: reading them costs the same with a million open transactions as with a thousand.
-- Triggers of `transactions` maintain them. After a bulk load with disabled triggers, fill them:
--   insert into open_counts
--   select provider, type, status, parked, open_since(status, release_at, created_at), count(*)
--   from transactions where status in ('scheduled', 'pending', 'processing', 'unknown') group by 1, 2, 3, 4, 5;
create table open_counts (
  provider text not null,
  type text not null,
  status text not null,
  parked boolean not null,
  since timestamptz not null,
  count bigint not null,
  primary key (provider, type, status, parked, since)
);
comment on table open_counts is 'the number of open transactions, together with open_count_changes';
comment on column open_counts.since is
  'the hour since which transactions that a provider has accepted are with it; -infinity for all others';

-- Rows live for a few seconds, until the next fold. The table is vacuumed after every 5,000 dead rows, whatever its
-- size.
create table open_count_changes (
  provider text not null,
  type text not null,
  status text not null,
  parked boolean not null,
  since timestamptz not null,
  change bigint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
comment on table open_count_changes is
  'the changes of each statement, added by the statement itself, so no writer waits for another; folded into '
  'open_counts later';
