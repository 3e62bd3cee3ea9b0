import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who may call: partner apps with their keys, operators, and what operators did. */
const ACCESS = `
create table apps (
  id uuid primary key,
  name text not null,
  scopes text[] not null,
  product_id text,
  default_hold_days integer check (default_hold_days between 1 and 400),
  rate_limit_per_minute integer check (rate_limit_per_minute > 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);

create table api_keys (
  id uuid primary key,
  app_id uuid not null references apps (id),
  secret_mac bytea not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz
);
create index api_keys_app on api_keys (app_id);

create table operators (
  id uuid primary key,
  username text not null unique,
  password_hash text not null,
  role text not null check (role in ('viewer', 'operator', 'admin')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table audit_log (
  id uuid primary key,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  target text,
  detail jsonb not null default '{}'
);

create table plans (
  plan_id text primary key,
  kind text not null check (kind in ('lounge', 'esim', 'other')),
  enrol_token_required boolean not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- Permits handed out to the instances, per app and minute. Unlogged: after a crash of PostgreSQL a minute starts anew.
create unlogged table rate_limit_windows (
  app_id uuid not null,
  window_start timestamptz not null,
  granted integer not null,
  primary key (app_id, window_start)
);
`;

/** The ledger. Only src/ledger writes here; every table's key carries the app's id. */
const LEDGER = `
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
  primary key (id, app_id),
  check ((quantity is null) = (unit is null)),
  check ((completed_at is not null) = (status in ('succeeded', 'failed', 'canceled')))
);
comment on column transactions.reference_scope is
  'within which (type, reference) is unique for ever: the app, or the partner id that apps share at a provider';
comment on column transactions.sealed is 'encrypted: personal data, and the exact bytes that are sent to the provider';
comment on column transactions.due_at is
  'when somebody must look at this row again: retry, release, poll, or, while an attempt is under way, the end of its lease';
comment on column transactions.epoch is 'counts the leases: who holds an older one has lost the row';
comment on column transactions.attempt_open is 'a call to the provider may be under way, or a crash cut it off';

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

create table ledger_accounts (
  id bigint generated always as identity primary key,
  owner_kind text not null check (owner_kind in ('app', 'provider')),
  owner text not null,
  unit text not null,
  created_at timestamptz not null default now(),
  unique (owner_kind, owner, unit)
);

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
comment on column ledger_entries.phase is 'hold: reserved; post: moved for good and the hold ended; release: the hold ended';

-- What outlives the transactions that act on it (a pass).
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
  primary key (id, app_id)
);
create index resources_app on resources (app_id, kind, id);
create index resources_provider_reference on resources (provider, provider_reference)
  where provider_reference is not null;

-- How one operator says that a transaction ended, until another one agrees (REQUIRE_SECOND_OPERATOR).
create table resolution_proposals (
  id uuid primary key,
  transaction_id uuid not null,
  outcome text not null check (outcome in ('succeeded', 'failed')),
  evidence text not null,
  reason text not null,
  proposed_by text not null,
  proposed_at timestamptz not null default now(),
  decision text check (decision in ('approved', 'rejected')),
  decided_by text,
  decided_at timestamptz
);
create unique index resolution_proposals_open on resolution_proposals (transaction_id) where decision is null;

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger transaction_events_append_only before update or delete or truncate on transaction_events
  for each statement execute function refuse_change();
create trigger ledger_entries_append_only before update or delete or truncate on ledger_entries
  for each statement execute function refuse_change();
create trigger audit_log_append_only before update or delete or truncate on audit_log
  for each statement execute function refuse_change();
`;

/** What the instances share about the providers, and what the providers told us. */
const PROVIDERS = `
create table provider_tokens (
  name text primary key,
  generation integer not null default 0,
  sealed bytea,
  obtained_at timestamptz,
  expires_at timestamptz,
  login_by uuid,
  login_until timestamptz,
  cooldown_until timestamptz
);

create table provider_quotas (
  name text primary key,
  blocked_until timestamptz
);

-- Requests counted per slot of a sliding window.
create table provider_quota_slots (
  name text not null references provider_quotas (name),
  slot bigint not null,
  used integer not null,
  primary key (name, slot)
);

-- A function, because each statement inside sees what was committed before it: the count must be read after the lock.
create function grant_quota(budget text, wanted integer, allowed integer, slot_ms bigint, slots integer)
returns table (granted integer, remaining integer, wait_ms double precision) language plpgsql as $$
declare
  now_ms double precision;
  blocked timestamptz;
  current_slot bigint;
  total integer;
  oldest bigint;
begin
  insert into provider_quotas (name) values (budget) on conflict (name) do nothing;
  select q.blocked_until into blocked from provider_quotas q where q.name = budget for update;
  now_ms := extract(epoch from clock_timestamp()) * 1000;
  current_slot := floor(now_ms / slot_ms);
  select coalesce(sum(s.used), 0), min(s.slot) into total, oldest
  from provider_quota_slots s where s.name = budget and s.slot > current_slot - slots;
  remaining := greatest(allowed - total, 0);
  if blocked > clock_timestamp() then
    granted := 0;
    wait_ms := extract(epoch from blocked) * 1000 - now_ms;
  else
    granted := least(wanted, remaining);
    wait_ms := case when granted > 0 then 0 else greatest((oldest + slots) * slot_ms - now_ms, 100) end;
  end if;
  if granted > 0 then
    insert into provider_quota_slots as s (name, slot, used) values (budget, current_slot, granted)
    on conflict (name, slot) do update set used = s.used + excluded.used;
    remaining := remaining - granted;
  end if;
  return next;
end $$;

create table provider_states (
  provider text primary key,
  paused_at timestamptz,
  paused_by text,
  reason text
);

create table provider_balances (
  id bigint generated always as identity primary key,
  provider text not null,
  at timestamptz not null default now(),
  balance numeric not null,
  currency text,
  source text not null,
  transaction_id uuid
);
create index provider_balances_series on provider_balances (provider, at);

create table notifications (
  id uuid primary key,
  provider text not null,
  received_at timestamptz not null default now(),
  sealed bytea not null,
  state text not null default 'received' check (state in ('received', 'applied', 'orphan', 'unreadable', 'contradiction')),
  correlation_id text,
  transaction_id uuid,
  attempts integer not null default 0,
  due_at timestamptz default now(),
  applied_at timestamptz
);
create index notifications_due on notifications (due_at) where due_at is not null;
create index notifications_correlation on notifications (provider, correlation_id) where correlation_id is not null;

create table breaks (
  id uuid primary key,
  class text not null,
  provider text not null,
  transaction_id uuid,
  notification_id uuid,
  detail jsonb not null default '{}',
  status text not null default 'open' check (status in ('open', 'resolved')),
  created_at timestamptz not null default now(),
  resolved_at timestamptz
);
create index breaks_open on breaks (created_at) where status = 'open';
create unique index breaks_once on breaks (class, transaction_id, notification_id) nulls not distinct;
`;

/** The tables of the first release. */
export class Foundation1795219200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const part of [ACCESS, LEDGER, PROVIDERS]) await runner.query(part);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
