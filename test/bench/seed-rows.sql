-- Part of seed.sql: the transactions number :from to :to of the app :app, one every :step ms, the first :age ms ago. Parts
-- may be made at the same time.
set synchronous_commit = off;
create temporary table seeds as
select n, regexp_replace(lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0') || '8' ||
    lpad(to_hex(n), 15, '0'), '^(.{8})(.{4})(.{4})(.{4})(.{12})$', '\1-\2-\3-\4-\5')::uuid as id,
  at, n % 2 = 0 as topup
from generate_series(:from::bigint, :to) n
cross join lateral (
  select date_trunc('milliseconds', now() - :age * interval '1 ms' + n * :step * interval '1 ms') as at) times;

insert into transactions (id, app_id, type, provider, status, reference, reference_scope, idempotency_key, request_mac,
  quantity, unit, correlation_id, provider_reference, detail, sealed, duplicate_mac, attempts, epoch, due_at, expected_by,
  version, created_at, updated_at, completed_at, covered)
select id, :app::uuid, case when topup then 'topup' else 'accrual' end, case when topup then 'latcom' else 'latam-pass' end,
  case when topup then 'succeeded' else 'processing' end, 'seed-' || n,
  case when topup then :app else 'latam-pass:BENCH' end, 'seed-' || n, sha256(n::text::bytea), 1000,
  case when topup then 'MXN' else 'LATAM_PASS_POINTS' end, case when topup then null else 'S-' || (n + 1) / 2 end,
  case when topup then 'TXN-' || n end,
  case when topup then jsonb_build_object('phoneNumber', '******6660', 'productId', 'MOVISTAR_TAE', 'operator', 'MOVISTAR',
    'distributorTransactionId', id, 'authCode', n::text, 'rrn', 'RRN-' || n)
  else jsonb_build_object('member', jsonb_build_object('ffn', '*******7890'), 'productId', '001', 'occurredAt', at,
    'releaseAt', null, 'description', null) end,
  decode(repeat('ab', 270), 'hex'), case when topup then sha256(('dup' || n)::bytea) end, 1, 1,
  case when topup then null else now() + interval '20 hours' end, case when topup then null else now() + interval '1 minute' end,
  2, at, at, case when topup then at end, topup
from seeds order by n;

insert into transaction_events (id, transaction_id, app_id, seq, at, from_status, to_status, actor, evidence)
select gen_random_uuid(), id, :app::uuid, 1, at, null, 'pending', 'app_' || :app, 'request' from seeds
union all
select gen_random_uuid(), id, :app::uuid, 2, at, 'pending', case when topup then 'succeeded' else 'processing' end, 'gateway',
  'answer' from seeds;

insert into ledger_entries (transaction_id, app_id, seq, phase, debit_account, credit_account, amount, at)
select id, :app::uuid, 1, 'hold', case when topup then 1 else 3 end, case when topup then 2 else 4 end, 1000, at from seeds
union all
select id, :app::uuid, 2, 'post', 1, 2, 1000, at from seeds where topup;
drop table seeds;
