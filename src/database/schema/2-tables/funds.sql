-- The prepaid balance at a provider: the series of observed balances, and the state of the check that prevents
-- overspending.

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
  'when the request for the balance began: purchases that had ended by then are in the balance, later ones may not be';
comment on column provider_balances.transaction_id is
  'the purchase whose answer reported the balance, which includes that purchase';
comment on column provider_balances.unit_rate is
  'smallest parts of the ledger''s unit that one unit of the balance bought; null unless this purchase was the '
  'only one';
comment on column provider_balances.rate_counts is
  'false: not used, because the rate is far from the usual one and was seen once, or a later balance refuted it';
create index provider_balances_series on provider_balances (provider, at);
create index provider_balances_begun on provider_balances (provider, begun_at);
create index provider_balances_rates on provider_balances (provider, at) where unit_rate is not null;
-- Balances reported with purchases have no currency; there can be thousands of them between two balances with a
-- currency.
create index provider_balances_currency on provider_balances (provider, at) where currency is not null;

create table provider_floats (
  provider text primary key,
  emptied_at timestamptz,
  turn_id uuid,
  asked_at timestamptz,
  probe_id uuid,
  probed_at timestamptz,
  low_level numeric
);
comment on column provider_floats.emptied_at is
  'when the provider refused for lack of funds: nothing is sent until a newer balance is known';
comment on column provider_floats.turn_id is 'the one purchase that may be in progress while no rate has been observed';
comment on column provider_floats.probe_id is
  'the last purchase that was sent although the known rate did not cover it, to observe a better rate';
comment on column provider_floats.low_level is
  'the lowest configured level that the balance is below; null: it is above all. Operators are told when it falls';
