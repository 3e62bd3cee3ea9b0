-- The kind of pass of each LoyaltyLayer plan.
create table plans (
  plan_id text primary key,
  kind text not null check (kind in ('lounge', 'esim', 'other')),
  enrol_token_required boolean not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- The last seen public key of the provider, so that a change is noticed.
create table provider_keys (
  name text primary key,
  fingerprint bytea not null,
  changed_at timestamptz not null default now()
);
