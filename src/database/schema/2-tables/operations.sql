-- Paused providers, with time, operator and reason.
create table provider_states (
  provider text primary key,
  paused_at timestamptz,
  paused_by text,
  reason text
);

-- Resolutions of transactions that one operator has proposed and another operator must decide
-- (REQUIRE_SECOND_OPERATOR).
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
