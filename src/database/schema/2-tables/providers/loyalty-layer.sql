-- What kind of pass each plan of LoyaltyLayer gives.
create table plans (
  plan_id text primary key,
  kind text not null check (kind in ('lounge', 'esim', 'other')),
  enrol_token_required boolean not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- A provider's public key as it was last seen, so that an exchange is noticed.
create table provider_keys (
  name text primary key,
  fingerprint bytea not null,
  changed_at timestamptz not null default now()
);
