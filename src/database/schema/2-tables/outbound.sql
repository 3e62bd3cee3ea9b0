-- State of providers that all instances share: logins and request quotas.

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
  blocked_until timestamptz,
  probing boolean not null default false,
  probed_at timestamptz,
  waited_until timestamptz,
  owed integer not null default 0
);
comment on column provider_quotas.probing is 'true after a block: one request at a time, until one is not refused';
comment on column provider_quotas.waited_until is 'until when operations are known to have waited long';
comment on column provider_quotas.owed is 'permits that new operations got ahead of those that have waited long';

-- Requests, counted in the slots of a sliding window.
create table provider_quota_slots (
  name text not null references provider_quotas (name),
  slot bigint not null,
  used integer not null,
  kept integer not null default 0,
  primary key (name, slot)
);
comment on column provider_quota_slots.kept is 'used permits that were kept for status queries';
