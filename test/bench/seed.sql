-- What transactions of the app :app need; seed-rows.sql makes them, as months of use leave them: half of them top-ups that
-- succeeded, half accruals that wait for their notification (correlation ids S-1, S-2, …). Ids are UUID v7 of the past.
insert into apps (id, name, scopes, rate_limit_per_minute) values (:app, 'bench',
  '{accruals,members,cobranded,passes,topups,transactions:read,webhooks}', 10000000);
insert into plans (plan_id, kind, enrol_token_required) values ('LOUNGE-BASIC', 'lounge', false);
insert into ledger_accounts (owner_kind, owner, unit) values
  ('app', :app, 'MXN'), ('provider', 'latcom', 'MXN'), ('app', :app, 'LATAM_PASS_POINTS'), ('provider', 'latam-pass', 'LATAM_PASS_POINTS');
-- A float that lasts, and what a dollar of it has bought.
insert into provider_balances (id, provider, balance, currency, source, begun_at, at, unit_rate) values
  (gen_random_uuid(), 'latcom', 1000000000, 'USD', 'query', now(), now(), 1700);
