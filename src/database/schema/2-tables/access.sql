-- Callers: partner apps and their keys, operators, and the audit log of operators.

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

-- Actions of operators. `address` is the client address of the request.
create table audit_log (
  id uuid primary key,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  target text,
  detail jsonb not null default '{}',
  address text
);
create trigger audit_log_append_only before update or delete or truncate on audit_log
  for each statement execute function refuse_change();

-- Permits granted to the instances, by app and minute. Unlogged: after a crash of PostgreSQL the current minute starts
-- again from zero. That is cheaper than a WAL write for each grant.
create unlogged table rate_limit_windows (
  app_id uuid not null,
  window_start timestamptz not null,
  granted integer not null,
  primary key (app_id, window_start)
);
