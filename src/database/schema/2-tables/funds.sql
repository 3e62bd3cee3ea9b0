-- What the gateway has paid in at a provider: the balance as a series, and the guard that never spends beyond it.

create table provider_balances (
  id uuid primary key,
  provider text not null,
  at timestamptz not null default clock_timestamp(),
  begun_at timestamptz not null,
  balance numeric not null,
  currency text,
  source text not null,
  transaction_id uuid,
  unit_rate numeric check (unit_rate > 0),
  rate_counts boolean not null default true
);
comment on column provider_balances.begun_at is
  'before the provider was asked: whatever had ended by then is in the balance, whatever ended later may not be';
comment on column provider_balances.transaction_id is 'the purchase whose answer told it: that one is in the balance';
comment on column provider_balances.unit_rate is
  'smallest parts of the ledger''s unit that one unit of the balance bought, where this purchase was the only one';
comment on column provider_balances.rate_counts is
  'false: off the usual rate and not seen a second time, or refuted by a later look; it is not used';
create index provider_balances_series on provider_balances (provider, at);
create index provider_balances_begun on provider_balances (provider, begun_at);
create index provider_balances_rates on provider_balances (provider, at) where unit_rate is not null;
-- Balances reported with purchases name no currency, and thousands of them lie between two that do.
create index provider_balances_currency on provider_balances (provider, at) where currency is not null;

create table provider_floats (
  provider text primary key,
  emptied_at timestamptz,
  turn_id uuid,
  asked_at timestamptz,
  probe_id uuid,
  probed_at timestamptz
);
comment on column provider_floats.emptied_at is 'the provider refused for want of funds: nothing goes out until a later look';
comment on column provider_floats.turn_id is 'the one purchase that may be out while no rate has been observed';
comment on column provider_floats.probe_id is
  'the last purchase that was let through although the known rate does not cover it, to observe a better one';
