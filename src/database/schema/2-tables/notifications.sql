-- Notifications of providers as received (encrypted), and whether they were applied.
create table notifications (
  id uuid primary key,
  provider text not null,
  received_at timestamptz not null default now(),
  sealed bytea not null,
  state text not null default 'received'
    check (state in ('received', 'applied', 'orphan', 'unreadable', 'contradiction')),
  correlation_id text,
  transaction_id uuid,
  attempts integer not null default 0,
  due_at timestamptz default now(),
  applied_at timestamptz
);
create index notifications_due on notifications (due_at) where due_at is not null;
create index notifications_correlation on notifications (provider, correlation_id) where correlation_id is not null;
