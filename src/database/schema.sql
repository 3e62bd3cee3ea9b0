-- Made by `npm run schema` from a database that all migrations made: do not edit.

create table api_keys (
  id uuid not null,
  app_id uuid not null,
  secret_mac bytea not null,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  constraint api_keys_app_id_fkey FOREIGN KEY (app_id) REFERENCES apps(id),
  constraint api_keys_pkey PRIMARY KEY (id)
);
CREATE INDEX api_keys_app ON public.api_keys USING btree (app_id);

create table app_data_keys (
  app_id uuid not null,
  sealed bytea,
  created_at timestamp with time zone not null default clock_timestamp(),
  destroyed_at timestamp with time zone,
  erased_at timestamp with time zone,
  constraint app_data_keys_app_id_fkey FOREIGN KEY (app_id) REFERENCES apps(id),
  constraint app_data_keys_check CHECK (((sealed IS NULL) = (destroyed_at IS NOT NULL))),
  constraint app_data_keys_pkey PRIMARY KEY (app_id)
);
comment on column app_data_keys.sealed is 'the key of the app''s data, encrypted under ENCRYPTION_KEY; null: destroyed';
comment on column app_data_keys.erased_at is 'since when the masked remains of its transactions are erased too';

create table apps (
  id uuid not null,
  name text not null,
  scopes text[] not null,
  product_id text,
  default_hold_days integer,
  rate_limit_per_minute integer,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  deleted_at timestamp with time zone,
  constraint apps_default_hold_days_check CHECK (((default_hold_days >= 1) AND (default_hold_days <= 400))),
  constraint apps_pkey PRIMARY KEY (id),
  constraint apps_rate_limit_per_minute_check CHECK ((rate_limit_per_minute > 0))
);

create table audit_log (
  id uuid not null,
  at timestamp with time zone not null default now(),
  actor text not null,
  action text not null,
  target text,
  detail jsonb not null default '{}'::jsonb,
  address text,
  constraint audit_log_pkey PRIMARY KEY (id)
);
CREATE TRIGGER audit_log_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

create table breaks (
  id uuid not null,
  class text not null,
  provider text not null,
  transaction_id uuid,
  notification_id uuid,
  detail jsonb not null default '{}'::jsonb,
  status text not null default 'open'::text,
  created_at timestamp with time zone not null default now(),
  resolved_at timestamp with time zone,
  run_id uuid,
  record_key text,
  provider_record jsonb,
  amount bigint,
  unit text,
  proposed jsonb,
  resolution text,
  reason text,
  resolved_by text,
  updated_at timestamp with time zone not null default clock_timestamp(),
  difference text generated always as (((((((((COALESCE((provider_record ->> 'amount'::text), ''::text) || ' '::text) || COALESCE((provider_record ->> 'unit'::text), ''::text)) || ' '::text) || COALESCE((provider_record ->> 'succeeded'::text), ''::text)) || ' '::text) || COALESCE((provider_record ->> 'reversal'::text), ''::text)) || ' '::text) || COALESCE((provider_record ->> 'at'::text), ''::text))) stored,
  constraint breaks_pkey PRIMARY KEY (id),
  constraint breaks_status_check CHECK ((status = ANY (ARRAY['open'::text, 'resolved'::text])))
);
comment on column breaks.record_key is 'the provider''s record that the break is about; null: none';
comment on column breaks.amount is 'the amount at risk, in the smallest part of the unit';
comment on column breaks.proposed is 'a resolution that waits for a second operator: resolution, reason, by, at';
comment on column breaks.difference is 'the difference that is decided: amount, status and date of the line';
CREATE INDEX breaks_open ON public.breaks USING btree (created_at) WHERE (status = 'open'::text);
CREATE INDEX breaks_run ON public.breaks USING btree (run_id, id);
CREATE INDEX breaks_transaction ON public.breaks USING btree (transaction_id) WHERE (status = 'open'::text);
CREATE UNIQUE INDEX breaks_once ON public.breaks USING btree (class, provider, transaction_id, notification_id, record_key, difference) NULLS NOT DISTINCT;
CREATE TRIGGER breaks_opened AFTER INSERT ON public.breaks REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note_opened_breaks();
CREATE TRIGGER breaks_proposed AFTER UPDATE ON public.breaks FOR EACH ROW WHEN (((old.proposed IS NULL) AND (new.proposed IS NOT NULL))) EXECUTE FUNCTION note_break_proposal();

create table encryption_key_check (
  singleton boolean not null default true,
  sealed bytea not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  constraint encryption_key_check_pkey PRIMARY KEY (singleton),
  constraint encryption_key_check_singleton_check CHECK (singleton)
);
comment on table encryption_key_check is 'at most one row, which every start must be able to open';
comment on column encryption_key_check.sealed is 'a fixed text, encrypted under the ENCRYPTION_KEY of the first start';
CREATE TRIGGER encryption_key_check_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.encryption_key_check FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

create table latcom_products (
  product_id text collate "C" not null,
  description text not null,
  operator text not null,
  min_pesos integer not null,
  max_pesos integer not null,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint latcom_products_check CHECK ((min_pesos <= max_pesos)),
  constraint latcom_products_description_check CHECK (((length(description) >= 1) AND (length(description) <= 200))),
  constraint latcom_products_max_pesos_check CHECK ((max_pesos <= 50000)),
  constraint latcom_products_min_pesos_check CHECK ((min_pesos >= 1)),
  constraint latcom_products_operator_check CHECK (((length(operator) >= 1) AND (length(operator) <= 40))),
  constraint latcom_products_pkey PRIMARY KEY (product_id),
  constraint latcom_products_product_id_check CHECK ((product_id ~ '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$'::text))
);
comment on table latcom_products is 'the products of LATCOM, in whole pesos; equal amounts are a fixed price';

create table ledger_accounts (
  id bigint generated always as identity not null,
  owner_kind text not null,
  owner text not null,
  unit text not null,
  created_at timestamp with time zone not null default now(),
  constraint ledger_accounts_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['app'::text, 'provider'::text]))),
  constraint ledger_accounts_owner_kind_owner_unit_key UNIQUE (owner_kind, owner, unit),
  constraint ledger_accounts_pkey PRIMARY KEY (id)
);
CREATE TRIGGER ledger_accounts_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_accounts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

create table ledger_checkpoints (
  account_id bigint not null,
  seal_no bigint not null,
  held bigint not null,
  posted bigint not null,
  constraint ledger_checkpoints_account_id_fkey FOREIGN KEY (account_id) REFERENCES ledger_accounts(id),
  constraint ledger_checkpoints_pkey PRIMARY KEY (account_id, seal_no),
  constraint ledger_checkpoints_seal_no_fkey FOREIGN KEY (seal_no) REFERENCES ledger_seals(no)
);
comment on table ledger_checkpoints is 'the balance of an account at the end of each seal that touched it: credits minus debits';
CREATE TRIGGER ledger_checkpoints_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_checkpoints FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

create table ledger_entries (
  transaction_id uuid not null,
  app_id uuid not null,
  seq integer not null,
  phase text not null,
  debit_account bigint not null,
  credit_account bigint not null,
  amount bigint not null,
  at timestamp with time zone not null default now(),
  constraint ledger_entries_amount_check CHECK ((amount > 0)),
  constraint ledger_entries_check CHECK ((debit_account <> credit_account)),
  constraint ledger_entries_credit_account_fkey FOREIGN KEY (credit_account) REFERENCES ledger_accounts(id),
  constraint ledger_entries_debit_account_fkey FOREIGN KEY (debit_account) REFERENCES ledger_accounts(id),
  constraint ledger_entries_phase_check CHECK ((phase = ANY (ARRAY['hold'::text, 'post'::text, 'release'::text]))),
  constraint ledger_entries_pkey PRIMARY KEY (transaction_id, seq, phase, app_id)
);
comment on column ledger_entries.phase is 'hold: reserved; post: the hold ended and the amount moved for good; release: the hold ended';
CREATE INDEX ledger_entries_at ON public.ledger_entries USING brin (at) WITH (pages_per_range='16', autosummarize='on');
CREATE TRIGGER ledger_entries_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

create table ledger_seals (
  no bigint not null,
  from_at timestamp with time zone not null,
  to_at timestamp with time zone not null,
  rows integer not null,
  leaves bytea not null,
  hash bytea not null,
  at timestamp with time zone not null default clock_timestamp(),
  constraint ledger_seals_check CHECK ((to_at > from_at)),
  constraint ledger_seals_no_check CHECK ((no > 0)),
  constraint ledger_seals_pkey PRIMARY KEY (no),
  constraint ledger_seals_rows_check CHECK ((rows > 0))
);
comment on table ledger_seals is 'each seal covers all events and entries of [from_at, to_at); together the seals are a hash chain';
comment on column ledger_seals.leaves is '37 bytes a row: transaction id, seq (4), kind (0 event, 1 hold, 2 post, 3 release), half of the SHA-256 of the row';
comment on column ledger_seals.hash is 'SHA-256 of the previous hash, no, from_at, to_at (8 bytes each) and the leaves';
CREATE INDEX ledger_seals_to ON public.ledger_seals USING btree (to_at);
CREATE TRIGGER ledger_seals_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_seals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

create table notifications (
  id uuid not null,
  provider text not null,
  received_at timestamp with time zone not null default now(),
  sealed bytea not null,
  state text not null default 'received'::text,
  correlation_id text,
  transaction_id uuid,
  attempts integer not null default 0,
  due_at timestamp with time zone default now(),
  applied_at timestamp with time zone,
  constraint notifications_pkey PRIMARY KEY (id),
  constraint notifications_state_check CHECK ((state = ANY (ARRAY['received'::text, 'applied'::text, 'orphan'::text, 'unreadable'::text, 'contradiction'::text])))
);
CREATE INDEX notifications_correlation ON public.notifications USING btree (provider, correlation_id) WHERE (correlation_id IS NOT NULL);
CREATE INDEX notifications_due ON public.notifications USING btree (due_at) WHERE (due_at IS NOT NULL);

create table open_count_changes (
  provider text not null,
  type text not null,
  status text not null,
  parked boolean not null,
  since timestamp with time zone not null,
  change bigint not null
) with (autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=5000);
comment on table open_count_changes is 'the changes of each statement, added by the statement itself, so no writer waits for another; folded into open_counts later';

create table open_counts (
  provider text not null,
  type text not null,
  status text not null,
  parked boolean not null,
  since timestamp with time zone not null,
  count bigint not null,
  constraint open_counts_pkey PRIMARY KEY (provider, type, status, parked, since)
);
comment on table open_counts is 'the number of open transactions, together with open_count_changes';
comment on column open_counts.since is 'the hour since which transactions that a provider has accepted are with it; -infinity for all others';

create table operators (
  id uuid not null,
  username text not null,
  password_hash text not null,
  role text not null,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint operators_pkey PRIMARY KEY (id),
  constraint operators_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'operator'::text, 'admin'::text]))),
  constraint operators_username_key UNIQUE (username)
);

create table plans (
  plan_id text not null,
  kind text not null,
  enrol_token_required boolean not null,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint plans_kind_check CHECK ((kind = ANY (ARRAY['lounge'::text, 'esim'::text, 'other'::text]))),
  constraint plans_pkey PRIMARY KEY (plan_id)
);

create table provider_balances (
  id uuid not null,
  provider text not null,
  at timestamp with time zone not null default clock_timestamp(),
  begun_at timestamp with time zone not null,
  balance numeric not null,
  currency text,
  source text not null,
  transaction_id uuid,
  unit_rate numeric,
  rate_counts boolean not null default true,
  constraint provider_balances_pkey PRIMARY KEY (id),
  constraint provider_balances_unit_rate_check CHECK ((unit_rate > (0)::numeric))
);
comment on column provider_balances.begun_at is 'when the request for the balance began: purchases that had ended by then are in the balance, later ones may not be';
comment on column provider_balances.transaction_id is 'the purchase whose answer reported the balance, which includes that purchase';
comment on column provider_balances.unit_rate is 'smallest parts of the ledger''s unit that one unit of the balance bought; null unless this purchase was the only one';
comment on column provider_balances.rate_counts is 'false: not used, because the rate is far from the usual one and was seen once, or a later balance refuted it';
CREATE INDEX provider_balances_begun ON public.provider_balances USING btree (provider, begun_at);
CREATE INDEX provider_balances_currency ON public.provider_balances USING btree (provider, at) WHERE (currency IS NOT NULL);
CREATE INDEX provider_balances_rates ON public.provider_balances USING btree (provider, at) WHERE (unit_rate IS NOT NULL);
CREATE INDEX provider_balances_series ON public.provider_balances USING btree (provider, at);

create table provider_floats (
  provider text not null,
  emptied_at timestamp with time zone,
  turn_id uuid,
  asked_at timestamp with time zone,
  probe_id uuid,
  probed_at timestamp with time zone,
  low_level numeric,
  constraint provider_floats_pkey PRIMARY KEY (provider)
);
comment on column provider_floats.emptied_at is 'when the provider refused for lack of funds: nothing is sent until a newer balance is known';
comment on column provider_floats.turn_id is 'the one purchase that may be in progress while no rate has been observed';
comment on column provider_floats.probe_id is 'the last purchase that was sent although the known rate did not cover it, to observe a better rate';
comment on column provider_floats.low_level is 'the lowest configured level that the balance is below; null: it is above all. Operators are told when it falls';
CREATE TRIGGER provider_floats_low_added AFTER INSERT ON public.provider_floats FOR EACH ROW WHEN ((new.low_level IS NOT NULL)) EXECUTE FUNCTION note_low_float();
CREATE TRIGGER provider_floats_low_changed AFTER UPDATE ON public.provider_floats FOR EACH ROW WHEN (((new.low_level IS NOT NULL) AND ((old.low_level IS NULL) OR (new.low_level < old.low_level)))) EXECUTE FUNCTION note_low_float();

create table provider_keys (
  name text not null,
  fingerprint bytea not null,
  changed_at timestamp with time zone not null default now(),
  constraint provider_keys_pkey PRIMARY KEY (name)
);

create table provider_quota_slots (
  name text not null,
  slot bigint not null,
  used integer not null,
  kept integer not null default 0,
  constraint provider_quota_slots_name_fkey FOREIGN KEY (name) REFERENCES provider_quotas(name),
  constraint provider_quota_slots_pkey PRIMARY KEY (name, slot)
);
comment on column provider_quota_slots.kept is 'used permits that were kept for status queries';

create table provider_quotas (
  name text not null,
  blocked_until timestamp with time zone,
  probing boolean not null default false,
  probed_at timestamp with time zone,
  waited_until timestamp with time zone,
  owed integer not null default 0,
  constraint provider_quotas_pkey PRIMARY KEY (name)
);
comment on column provider_quotas.probing is 'true after a block: one request at a time, until one is not refused';
comment on column provider_quotas.waited_until is 'until when operations are known to have waited long';
comment on column provider_quotas.owed is 'permits that new operations got ahead of those that have waited long';

create table provider_states (
  provider text not null,
  paused_at timestamp with time zone,
  paused_by text,
  reason text,
  constraint provider_states_pkey PRIMARY KEY (provider)
);
CREATE TRIGGER provider_states_added AFTER INSERT ON public.provider_states FOR EACH ROW WHEN ((new.paused_at IS NOT NULL)) EXECUTE FUNCTION note_provider_state();
CREATE TRIGGER provider_states_changed AFTER UPDATE ON public.provider_states FOR EACH ROW WHEN (((old.paused_at IS NULL) <> (new.paused_at IS NULL))) EXECUTE FUNCTION note_provider_state();

create table provider_tokens (
  name text not null,
  generation integer not null default 0,
  sealed bytea,
  obtained_at timestamp with time zone,
  expires_at timestamp with time zone,
  login_by uuid,
  login_until timestamp with time zone,
  cooldown_until timestamp with time zone,
  constraint provider_tokens_pkey PRIMARY KEY (name)
);

create table purge_tasks (
  name text not null,
  next_at timestamp with time zone not null default now(),
  reached_at timestamp with time zone,
  reached_id uuid,
  rows bigint not null default 0,
  updated_at timestamp with time zone not null default clock_timestamp(),
  constraint purge_tasks_pkey PRIMARY KEY (name)
);
comment on column purge_tasks.next_at is 'when the task is due again';
comment on column purge_tasks.reached_at is 'everything before this time is done; so is everything up to reached_id';

create unlogged table rate_limit_windows (
  app_id uuid not null,
  window_start timestamp with time zone not null,
  granted integer not null,
  constraint rate_limit_windows_pkey PRIMARY KEY (app_id, window_start)
);

create table reconciliation_bad_lines (
  run_id uuid not null,
  line_no integer not null,
  code text not null,
  column_name text,
  transaction_id uuid,
  cells text[],
  constraint reconciliation_bad_lines_pkey PRIMARY KEY (run_id, line_no)
);
comment on column reconciliation_bad_lines.transaction_id is 'the transaction that the line names, if it is one of the gateway';
comment on column reconciliation_bad_lines.cells is 'the cells of the columns that are read, in the order of the file. A null cell was not stored. A null array: the line could not be split into cells';

create table reconciliations (
  id uuid not null,
  provider text not null,
  kind text not null,
  status text not null,
  step text not null default 'begin'::text,
  from_at timestamp with time zone,
  to_at timestamp with time zone,
  lines integer not null default 0,
  bad_count integer not null default 0,
  bad_lines jsonb not null default '[]'::jsonb,
  file_hash bytea,
  counts jsonb not null default '{}'::jsonb,
  failure text,
  lease_until timestamp with time zone,
  created_by text not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  updated_at timestamp with time zone not null default clock_timestamp(),
  completed_at timestamp with time zone,
  period_from timestamp with time zone,
  period_to timestamp with time zone,
  period_source text,
  format jsonb,
  pending_lines integer not null default 0,
  bad_counts jsonb not null default '{}'::jsonb,
  constraint reconciliations_kind_check CHECK ((kind = ANY (ARRAY['statement'::text, 'status'::text, 'balance'::text]))),
  constraint reconciliations_period_source_check CHECK ((period_source = ANY (ARRAY['given'::text, 'lines'::text]))),
  constraint reconciliations_pkey PRIMARY KEY (id),
  constraint reconciliations_status_check CHECK ((status = ANY (ARRAY['uploading'::text, 'running'::text, 'completed'::text, 'failed'::text])))
);
comment on column reconciliations.step is 'where an interrupted run continues';
comment on column reconciliations.bad_lines is 'the first 100 lines that could not be read: number and fault';
comment on column reconciliations.period_source is 'given: from, to or both; lines: derived from most lines';
comment on column reconciliations.format is 'how the file was read: delimiter, encoding, columns and declared notation';
CREATE INDEX reconciliations_open ON public.reconciliations USING btree (created_at) WHERE (status = ANY (ARRAY['uploading'::text, 'running'::text]));
CREATE UNIQUE INDEX reconciliations_file ON public.reconciliations USING btree (provider, file_hash) WHERE ((status = ANY (ARRAY['running'::text, 'completed'::text])) AND (file_hash IS NOT NULL));
CREATE UNIQUE INDEX reconciliations_scheduled ON public.reconciliations USING btree (provider, kind, from_at, to_at) WHERE (created_by = 'gateway'::text);

create table resolution_proposals (
  id uuid not null,
  transaction_id uuid not null,
  outcome text not null,
  evidence text not null,
  reason text not null,
  proposed_by text not null,
  proposed_at timestamp with time zone not null default now(),
  decision text,
  decided_by text,
  decided_at timestamp with time zone,
  constraint resolution_proposals_decision_check CHECK ((decision = ANY (ARRAY['approved'::text, 'rejected'::text]))),
  constraint resolution_proposals_outcome_check CHECK ((outcome = ANY (ARRAY['succeeded'::text, 'failed'::text]))),
  constraint resolution_proposals_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX resolution_proposals_open ON public.resolution_proposals USING btree (transaction_id) WHERE (decision IS NULL);
CREATE TRIGGER resolution_proposals_opened AFTER INSERT ON public.resolution_proposals FOR EACH ROW EXECUTE FUNCTION note_resolution_proposal();

create table resources (
  id uuid not null,
  app_id uuid not null,
  kind text not null,
  provider text not null,
  provider_reference text,
  status text not null,
  detail jsonb not null,
  sealed bytea,
  metadata jsonb not null default '{}'::jsonb,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  blocked_at timestamp with time zone,
  erased_at timestamp with time zone,
  constraint resources_pkey PRIMARY KEY (id, app_id)
);
CREATE INDEX resources_app ON public.resources USING btree (app_id, kind, id);
CREATE INDEX resources_closed ON public.resources USING btree (COALESCE(erased_at, blocked_at)) WHERE (COALESCE(erased_at, blocked_at) IS NOT NULL);
CREATE INDEX resources_kept ON public.resources USING btree (updated_at) WHERE ((blocked_at IS NULL) AND (erased_at IS NULL));
CREATE INDEX resources_provider_reference ON public.resources USING btree (provider, provider_reference) WHERE (provider_reference IS NOT NULL);

create table statement_pages (
  run_id uuid not null,
  provider text not null,
  low bigint not null,
  high bigint not null,
  ids uuid[] not null,
  marks integer[] not null
);
alter table statement_pages alter column ids set storage external;
alter table statement_pages alter column marks set storage external;
comment on table statement_pages is 'the transactions that a statement contained, some thousand a row';
comment on column statement_pages.low is 'the first millisecond of ids in the file';
comment on column statement_pages.high is 'the last millisecond of ids in the file';
comment on column statement_pages.marks is 'for each executed line: twice the minutes since 1970, plus one for a day without a time; or the hash of the provider''s id';
CREATE INDEX statement_pages_range ON public.statement_pages USING btree (provider, high, low);

create table transaction_batches (
  batch_id uuid not null,
  position integer not null,
  transaction_id uuid not null,
  app_id uuid not null,
  at timestamp with time zone not null default clock_timestamp(),
  constraint transaction_batches_pkey PRIMARY KEY (batch_id, "position")
);
comment on column transaction_batches.position is 'position in the list that was sent, from 0';
CREATE INDEX transaction_batches_transaction ON public.transaction_batches USING btree (transaction_id);
CREATE TRIGGER transaction_batches_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.transaction_batches FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

create table transaction_events (
  id uuid not null,
  transaction_id uuid not null,
  app_id uuid not null,
  seq integer not null,
  at timestamp with time zone not null default clock_timestamp(),
  from_status text,
  to_status text,
  actor text not null,
  evidence text not null,
  detail jsonb not null default '{}'::jsonb,
  constraint transaction_events_pkey PRIMARY KEY (transaction_id, seq, app_id)
);
CREATE INDEX transaction_events_at ON public.transaction_events USING brin (at) WITH (pages_per_range='16', autosummarize='on');
CREATE INDEX transaction_events_corrected ON public.transaction_events USING btree (at) WHERE ((evidence = 'correction'::text) AND (to_status IS NULL));
CREATE INDEX transaction_events_late ON public.transaction_events USING btree (at) WHERE (from_status = 'unknown'::text);
CREATE INDEX transaction_events_published ON public.transaction_events USING btree (app_id, at, id) WHERE ((to_status IS NOT NULL) OR (evidence = ANY (ARRAY['correction'::text, 'overdue'::text])));
CREATE TRIGGER transaction_events_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.transaction_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transaction_events_delivered AFTER INSERT ON public.transaction_events REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note_deliveries();

create table transactions (
  id uuid not null,
  app_id uuid not null,
  type text not null,
  provider text not null,
  status text not null,
  reference text,
  reference_scope text,
  idempotency_key text,
  idempotency_item integer not null default 0,
  request_mac bytea,
  quantity bigint,
  unit text,
  correlation_id text,
  provider_reference text,
  detail jsonb not null,
  sealed bytea,
  metadata jsonb not null default '{}'::jsonb,
  failure jsonb,
  resource_id uuid,
  duplicate_mac bytea,
  attempts integer not null default 0,
  attempt_open boolean not null default false,
  epoch integer not null default 0,
  due_at timestamp with time zone,
  parked boolean not null default false,
  release_at timestamp with time zone,
  expires_at timestamp with time zone,
  expected_by timestamp with time zone,
  version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  completed_at timestamp with time zone,
  covered boolean not null default false,
  blocked_at timestamp with time zone,
  erased_at timestamp with time zone,
  claim_id uuid,
  claim_epoch integer,
  constraint transactions_check CHECK (((quantity IS NULL) = (unit IS NULL))),
  constraint transactions_check1 CHECK (((completed_at IS NOT NULL) = (status = ANY (ARRAY['succeeded'::text, 'failed'::text, 'canceled'::text])))),
  constraint transactions_pkey PRIMARY KEY (id, app_id),
  constraint transactions_quantity_check CHECK ((quantity > 0)),
  constraint transactions_status_check CHECK ((status = ANY (ARRAY['scheduled'::text, 'pending'::text, 'processing'::text, 'unknown'::text, 'succeeded'::text, 'failed'::text, 'canceled'::text])))
);
comment on column transactions.reference_scope is 'the scope in which (type, reference) is unique for ever: the app, or the partner id that apps share at a provider';
comment on column transactions.sealed is 'encrypted: personal data and the exact bytes that are sent to the provider';
comment on column transactions.attempt_open is 'a call to the provider may be in progress, or a crash interrupted it';
comment on column transactions.epoch is 'counts the leases: the holder of an older one has lost the row';
comment on column transactions.due_at is 'when the row needs work again: retry, release, poll, or, while an attempt is in progress, the end of its lease';
comment on column transactions.covered is 'paid from the float, which the gateway has paid in at the provider';
comment on column transactions.blocked_at is 'since when personal data is kept for claims only';
comment on column transactions.claim_id is 'the claim that began the last attempt: an instance finds its row by it when the answer to the claim was lost';
comment on column transactions.claim_epoch is 'the epoch that this claim made';
CREATE INDEX transactions_app ON public.transactions USING btree (app_id, id);
CREATE INDEX transactions_blocked ON public.transactions USING btree (blocked_at) WHERE ((blocked_at IS NOT NULL) AND (erased_at IS NULL));
CREATE INDEX transactions_completed ON public.transactions USING brin (completed_at) WITH (pages_per_range='16', autosummarize='on');
CREATE INDEX transactions_correlation ON public.transactions USING btree (correlation_id) WHERE (correlation_id IS NOT NULL);
CREATE INDEX transactions_covered ON public.transactions USING btree (provider, completed_at) WHERE (covered AND (status = 'succeeded'::text));
CREATE INDEX transactions_due ON public.transactions USING btree (provider, due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX transactions_duplicate ON public.transactions USING btree (duplicate_mac, created_at) WHERE (duplicate_mac IS NOT NULL);
CREATE INDEX transactions_open ON public.transactions USING btree (status, provider, id) WHERE (status = ANY (ARRAY['scheduled'::text, 'pending'::text, 'processing'::text, 'unknown'::text]));
CREATE INDEX transactions_provider_reference ON public.transactions USING btree (provider, provider_reference) WHERE (provider_reference IS NOT NULL);
CREATE INDEX transactions_resource ON public.transactions USING btree (resource_id) WHERE (resource_id IS NOT NULL);
CREATE UNIQUE INDEX transactions_idempotency ON public.transactions USING btree (app_id, idempotency_key, idempotency_item) WHERE (idempotency_key IS NOT NULL);
CREATE UNIQUE INDEX transactions_reference ON public.transactions USING btree (reference_scope, type, reference) WHERE (reference IS NOT NULL);
CREATE TRIGGER transactions_counted_added AFTER INSERT ON public.transactions REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note_open_counts();
CREATE TRIGGER transactions_counted_changed AFTER UPDATE ON public.transactions REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note_open_counts();
CREATE TRIGGER transactions_counted_removed AFTER DELETE ON public.transactions REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION note_open_counts();

create table webhook_deliveries (
  endpoint_id uuid not null,
  transaction_id uuid not null,
  seq integer not null,
  id uuid not null,
  app_id uuid,
  event_id uuid not null,
  type text not null,
  state text not null default 'pending'::text,
  due_at timestamp with time zone default now(),
  is_sending boolean not null default false,
  sender uuid,
  is_replay boolean not null default false,
  attempts integer not null default 0,
  refusals integer not null default 0,
  outages integer not null default 0,
  last_status integer,
  last_error text,
  log jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default clock_timestamp(),
  ended_at timestamp with time zone,
  delivered_at timestamp with time zone,
  constraint webhook_deliveries_check CHECK ((((state = 'pending'::text) = (due_at IS NOT NULL)) AND ((state = 'pending'::text) = (ended_at IS NULL)))),
  constraint webhook_deliveries_check1 CHECK (((state <> 'delivered'::text) OR (delivered_at IS NOT NULL))),
  constraint webhook_deliveries_id_key UNIQUE (id),
  constraint webhook_deliveries_pkey PRIMARY KEY (endpoint_id, transaction_id, seq),
  constraint webhook_deliveries_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'refused'::text, 'expired'::text])))
);
comment on column webhook_deliveries.due_at is 'when it is sent; while it is being sent, the end of its lease: after a crash it is sent again then';
comment on column webhook_deliveries.sender is 'the instance that claimed it last; an id that each process makes at its start';
comment on column webhook_deliveries.is_replay is 'sent again for a replay or a request: after live ones, and without effect on the health of the endpoint';
comment on column webhook_deliveries.refusals is 'answers that refused this event, e.g. 400';
comment on column webhook_deliveries.outages is 'attempts that found the endpoint down, since it was queued';
comment on column webhook_deliveries.log is 'the last ten attempts: at, durationMs, status, error; nothing of an answer';
comment on column webhook_deliveries.created_at is 'when it was queued; queued again, it begins anew';
comment on column webhook_deliveries.delivered_at is 'when the receiver first took it; it stays, whatever comes of sending it again';
CREATE INDEX webhook_deliveries_due ON public.webhook_deliveries USING btree (endpoint_id, is_replay, due_at, seq) WHERE (due_at IS NOT NULL);
CREATE INDEX webhook_deliveries_ended ON public.webhook_deliveries USING btree (ended_at) WHERE (ended_at IS NOT NULL);
CREATE INDEX webhook_deliveries_list ON public.webhook_deliveries USING btree (endpoint_id, id);
CREATE INDEX webhook_deliveries_lost ON public.webhook_deliveries USING btree (endpoint_id, state, id) WHERE (state = ANY (ARRAY['refused'::text, 'expired'::text]));

create table webhook_endpoints (
  id uuid not null,
  app_id uuid,
  url text not null,
  types text[] not null,
  description text,
  secret bytea,
  previous_secrets bytea[] not null default '{}'::bytea[],
  previous_until timestamp with time zone[] not null default '{}'::timestamp with time zone[],
  disabled_at timestamp with time zone,
  disabled_reason text,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  last_success_at timestamp with time zone,
  failing_since timestamp with time zone,
  failures integer not null default 0,
  next_probe_at timestamp with time zone,
  max_in_flight integer not null default 8,
  replay_failures integer not null default 0,
  replay_due_at timestamp with time zone,
  constraint webhook_endpoints_app_id_url_key UNIQUE NULLS NOT DISTINCT (app_id, url),
  constraint webhook_endpoints_check CHECK (((cardinality(previous_secrets) <= 4) AND (cardinality(previous_secrets) = cardinality(previous_until)))),
  constraint webhook_endpoints_check1 CHECK (((disabled_at IS NULL) = (disabled_reason IS NULL))),
  constraint webhook_endpoints_check2 CHECK ((((failures = 0) = (next_probe_at IS NULL)) AND ((failures = 0) = (failing_since IS NULL)))),
  constraint webhook_endpoints_check3 CHECK (((replay_failures = 0) = (replay_due_at IS NULL))),
  constraint webhook_endpoints_disabled_reason_check CHECK ((disabled_reason = ANY (ARRAY['by_app'::text, 'by_operator'::text, 'gone'::text, 'failing'::text]))),
  constraint webhook_endpoints_max_in_flight_check CHECK (((max_in_flight >= 1) AND (max_in_flight <= 8))),
  constraint webhook_endpoints_pkey PRIMARY KEY (id)
);
comment on column webhook_endpoints.app_id is 'null: an endpoint of the operators';
comment on column webhook_endpoints.secret is 'encrypted with the key of the app, or the gateway''s own for operators; null: destroyed with the key of the app';
comment on column webhook_endpoints.previous_secrets is 'sign beside the new one, each until its time in previous_until, in the same order; at most four';
comment on column webhook_endpoints.failures is 'probes in a row that found the endpoint down; while it is not 0, one delivery is sent at next_probe_at';
comment on column webhook_endpoints.max_in_flight is 'deliveries that may be in progress at once in all instances; 1 after a failure, doubled by each success';
comment on column webhook_endpoints.replay_failures is 'replayed deliveries in a row that found it down while it was up for live ones; while it is not 0, one is sent at replay_due_at';
CREATE INDEX webhook_endpoints_app ON public.webhook_endpoints USING btree (app_id, id);
CREATE INDEX webhook_endpoints_operators ON public.webhook_endpoints USING btree (id) WHERE ((app_id IS NULL) AND (disabled_at IS NULL));
CREATE TRIGGER webhook_endpoints_disabled AFTER UPDATE ON public.webhook_endpoints FOR EACH ROW WHEN (((old.disabled_at IS NULL) AND (new.disabled_at IS NOT NULL) AND (new.disabled_reason <> 'by_app'::text))) EXECUTE FUNCTION note_disabled_endpoint();

create table webhook_events (
  id uuid not null,
  app_id uuid,
  type text not null,
  data jsonb not null,
  once text,
  created_at timestamp with time zone not null default clock_timestamp(),
  constraint webhook_events_check CHECK (((app_id IS NULL) = (type ~~ 'ops.%'::text))),
  constraint webhook_events_once_key UNIQUE (once),
  constraint webhook_events_pkey PRIMARY KEY (id)
);
comment on column webhook_events.app_id is 'null: an event for operators';
comment on column webhook_events.once is 'of all events with the same text only the first is written';
CREATE TRIGGER webhook_events_delivered AFTER INSERT ON public.webhook_events REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION deliver_webhook_events();

create table webhook_replays (
  id uuid not null,
  endpoint_id uuid not null,
  app_id uuid not null,
  from_at timestamp with time zone not null,
  to_at timestamp with time zone not null,
  types text[] not null,
  only_missing boolean not null,
  status text not null default 'running'::text,
  counted integer not null,
  queued integer not null default 0,
  reached_at timestamp with time zone not null,
  reached_id uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  created_at timestamp with time zone not null default clock_timestamp(),
  completed_at timestamp with time zone,
  constraint webhook_replays_check CHECK (((status = 'running'::text) = (completed_at IS NULL))),
  constraint webhook_replays_check1 CHECK ((from_at <= to_at)),
  constraint webhook_replays_pkey PRIMARY KEY (id),
  constraint webhook_replays_status_check CHECK ((status = ANY (ARRAY['running'::text, 'completed'::text, 'stopped'::text])))
);
comment on column webhook_replays.counted is 'events of the period and types, before any was queued';
comment on column webhook_replays.reached_at is 'with reached_id: the last event that was looked at';
CREATE INDEX webhook_replays_ended ON public.webhook_replays USING btree (completed_at) WHERE (completed_at IS NOT NULL);
CREATE UNIQUE INDEX webhook_replays_running ON public.webhook_replays USING btree (endpoint_id) WHERE (completed_at IS NULL);

CREATE OR REPLACE FUNCTION public.admit_transactions(locks bigint[], ids uuid[], macs bytea[], since timestamp with time zone, budgets text[], safeties numeric[], amounts bigint[])
 RETURNS TABLE(id uuid, is_covered boolean)
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  taken bytea[];
  candidate record;
  budget text;
  rest bigint;
begin
  perform pg_advisory_xact_lock(key) from unnest(locks) key;
  taken := array(
    select t.duplicate_mac from transactions t
    where t.duplicate_mac = any(macs) and t.created_at > since and t.status not in ('failed', 'canceled'));
  -- Within a budget in the order of the ids, which is the order of arrival. A transaction that does not fit leaves the
  -- rest to later ones.
  for candidate in
    select * from unnest(ids, macs, budgets, safeties, amounts) as r (id, mac, budget, safety, amount)
    order by r.budget nulls first, r.id
  loop
    continue when candidate.mac = any(taken);
    if candidate.budget is distinct from budget then
      budget := candidate.budget;
      rest := float_left(budget, candidate.safety, null);
    end if;
    id := candidate.id;
    if rest < candidate.amount then
      continue when not claim_probe(budget, candidate.safety, candidate.amount, candidate.id);
      is_covered := false;
    else
      rest := rest - candidate.amount;
      is_covered := rest is not null;
    end if;
    return next;
  end loop;
end $function$;
comment on function admit_transactions is 'returns the new transactions that may be recorded: no duplicate (null: not guarded), and covered by the float at their provider (budget null: not paid from a float; rest unknown: is_covered is false)';

CREATE OR REPLACE FUNCTION public.analyze_tables(names text[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
declare
  name text;
begin
  foreach name in array names loop
    if name = any (array['transactions', 'resources', 'notifications', 'provider_balances']) then
      execute format('analyze %I', name);
    end if;
  end loop;
end $function$;

CREATE OR REPLACE FUNCTION public.audit_by_gateway(action text, target text, detail jsonb)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  insert into audit_log (id, actor, action, target, detail) values (new_uuid(), 'gateway', action, target, detail);
end $function$;

CREATE OR REPLACE FUNCTION public.claim_probe(budget text, safety numeric, amount bigint, purchase uuid)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare
  seen provider_balances;
  state provider_floats;
  rate numeric;
  is_confirmed boolean;
  pause interval;
begin
  select * into seen from provider_balances b where b.provider = budget order by b.begun_at desc, b.id desc limit 1;
  rate := float_rate(budget);
  if seen.id is null or rate is null or seen.balance <= 0 or seen.at < clock_timestamp() - interval '10 min'
    or floor(seen.balance * rate * safety) >= amount then
    return false;
  end if;
  insert into provider_floats (provider) values (budget) on conflict (provider) do nothing;
  select * into state from provider_floats f where f.provider = budget for update;
  if state.emptied_at > seen.begun_at then
    return false;
  end if;
  if state.probe_id = purchase then
    return true;
  end if;
  select count(*) > 1 and bool_and(recent.rate_counts or recent.no > 1) into is_confirmed from (
    select b.unit_rate, b.rate_counts, row_number() over (order by b.at desc, b.id desc) as no
    from provider_balances b where b.provider = budget and b.unit_rate is not null order by b.at desc, b.id desc limit 21
  ) recent where recent.no = 1 or (recent.rate_counts and rates_agree(recent.unit_rate, rate));
  pause := case when is_confirmed then interval '30 min' else interval '30 s' end;
  if state.probed_at > clock_timestamp() - pause
    or exists (select from transactions t where t.id = state.probe_id and t.status = 'pending')
    or (is_confirmed and exists (
      select from transactions t where t.status = 'succeeded' and t.covered and t.provider = budget
        and t.completed_at > clock_timestamp() - pause)) then
    return false;
  end if;
  update provider_floats f set probe_id = purchase, probed_at = clock_timestamp() where f.provider = budget;
  return true;
end $function$;

CREATE OR REPLACE FUNCTION public.deliver_webhook_events()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into webhook_deliveries (endpoint_id, transaction_id, seq, id, app_id, event_id, type)
  select e.id, a.id, 0, new_uuid(), a.app_id, a.id, a.type
  from added a
  join webhook_endpoints e on e.app_id = a.app_id and e.disabled_at is null
  where a.type = any(e.types) or a.type = 'webhook_endpoint.disabled'
  union all
  select e.id, a.id, 0, new_uuid(), null, a.id, a.type
  from added a
  join webhook_endpoints e on e.app_id is null and e.disabled_at is null
  where a.app_id is null and a.type = any(e.types);
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.enter_float(budget text, safety numeric, transaction uuid)
 RETURNS TABLE(verdict text, begun_at timestamp with time zone)
 LANGUAGE plpgsql
AS $function$
declare
  holder uuid;
  rest numeric;
  amount bigint;
begin
  insert into provider_floats (provider) values (budget) on conflict (provider) do nothing;
  select f.turn_id into holder from provider_floats f where f.provider = budget for update;
  rest := float_left(budget, safety, transaction);
  if rest >= 0 then
    verdict := 'go';
  elsif rest is not null then
    select t.quantity into amount from transactions t where t.id = transaction;
    verdict := case when claim_probe(budget, safety, amount, transaction) then 'probe' else 'short' end;
  elsif holder is distinct from transaction
    and exists (select from transactions t where t.id = holder and t.status = 'pending' and t.attempt_open) then
    verdict := 'turn';
  else
    update provider_floats f set turn_id = transaction where f.provider = budget;
    verdict := 'go';
  end if;
  begun_at := clock_timestamp();
  return next;
end $function$;

CREATE OR REPLACE FUNCTION public.entry_digest(e ledger_entries)
 RETURNS bytea
 LANGUAGE sql
 STABLE
AS $function$
  select sha256(convert_to(jsonb_build_array(e.transaction_id, e.app_id, e.seq, e.phase, e.debit_account,
    e.credit_account, e.amount, (extract(epoch from e.at) * 1000000)::bigint)::text, 'UTF8'))
$function$;

CREATE OR REPLACE FUNCTION public.event_digest(e transaction_events)
 RETURNS bytea
 LANGUAGE sql
 STABLE
AS $function$
  select sha256(convert_to(jsonb_build_array(e.id, e.transaction_id, e.app_id, e.seq,
    (extract(epoch from e.at) * 1000000)::bigint, e.from_status, e.to_status, e.actor, e.evidence, e.detail)::text, 'UTF8'))
$function$;

CREATE OR REPLACE FUNCTION public.event_type(to_status text, evidence text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case when to_status is not null then 'transaction.' || to_status
    when evidence = 'correction' then 'transaction.corrected'
    when evidence = 'overdue' then 'transaction.overdue' end
$function$;

CREATE OR REPLACE FUNCTION public.events_settled_until()
 RETURNS timestamp with time zone
 LANGUAGE sql
AS $function$
  select least(clock_timestamp(), (
    select min(xact_start) from pg_stat_activity
    where datname = current_database() and backend_xid is not null and pid <> pg_backend_pid()
  )) - interval '1 second'
$function$;

CREATE OR REPLACE FUNCTION public.float_left(budget text, safety numeric, up_to uuid)
 RETURNS numeric
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  seen provider_balances;
  emptied timestamptz;
  rate numeric;
  spent numeric;
begin
  select * into seen from provider_balances b where b.provider = budget order by b.begun_at desc, b.id desc limit 1;
  select f.emptied_at into emptied from provider_floats f where f.provider = budget;
  -- 'Emptied' lapses after ten minutes: a balance that cannot be read must not block purchases forever.
  if emptied > coalesce(seen.begun_at, '-infinity') and emptied > clock_timestamp() - interval '10 min' then
    return -1;
  end if;
  rate := float_rate(budget);
  if seen.id is null or rate is null then
    return null;
  end if;
  select coalesce(sum(t.quantity), 0) into spent from transactions t
  where t.provider = budget and t.covered and t.status in ('scheduled', 'pending', 'processing', 'unknown')
    and (up_to is null or t.status = 'unknown' or t.id <= up_to);
  select spent + coalesce(sum(t.quantity), 0) into spent from transactions t
  where t.provider = budget and t.covered and t.status = 'succeeded' and t.completed_at >= seen.begun_at
    and t.id is distinct from seen.transaction_id;
  return floor(seen.balance * rate * safety) - spent;
end $function$;

CREATE OR REPLACE FUNCTION public.float_rate(budget text)
 RETURNS numeric
 LANGUAGE sql
AS $function$
  select percentile_disc(0.5) within group (order by unit_rate) from (
    select unit_rate from provider_balances
    where provider = budget and unit_rate is not null and rate_counts order by at desc limit 21
  ) recent
$function$;

CREATE OR REPLACE FUNCTION public.new_uuid()
 RETURNS uuid
 LANGUAGE sql
AS $function$
  select encode(set_byte(
    substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) || substring(bytes from 7),
    6, get_byte(bytes, 6) & 15 | 112), 'hex')::uuid
  from (select uuid_send(gen_random_uuid()) as bytes) random
$function$;

CREATE OR REPLACE FUNCTION public.note_break_proposal()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if operators_listen('ops.proposal.opened') then
    insert into webhook_events (id, type, data)
    values (new_uuid(), 'ops.proposal.opened', jsonb_build_object('transactionId', 'txn_' || new.transaction_id,
      'breakId', 'brk_' || new.id, 'resolution', new.proposed->>'resolution', 'url', '/v1/admin/breaks/brk_' || new.id));
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.note_deliveries()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into webhook_deliveries (endpoint_id, transaction_id, seq, id, app_id, event_id, type)
  select e.id, a.transaction_id, a.seq, new_uuid(), a.app_id, a.id, event_type(a.to_status, a.evidence)
  from added a
  join webhook_endpoints e on e.app_id = a.app_id and e.disabled_at is null
  where event_type(a.to_status, a.evidence) = any(e.types)
  on conflict do nothing;
  if operators_listen('ops.unknown.opened') then
    insert into webhook_events (id, type, data)
    select new_uuid(), 'ops.unknown.opened', jsonb_build_object('provider', t.provider, 'count', count(*),
      'transactionIds', (array_agg('txn_' || t.id order by t.id))[1:10],
      'url', '/v1/admin/transactions/unknown?provider=' || t.provider)
    from added a join transactions t on t.id = a.transaction_id and t.app_id = a.app_id
    where a.to_status = 'unknown' group by t.provider;
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.note_disabled_endpoint()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if new.disabled_reason in ('gone', 'failing') then
    perform audit_by_gateway('webhook_endpoint.disable', 'whep_' || new.id,
      jsonb_build_object('reason', new.disabled_reason));
  end if;
  insert into webhook_events (id, app_id, type, data)
  select new_uuid(), new.app_id, 'webhook_endpoint.disabled', jsonb_build_object('endpointId', 'whep_' || new.id,
    'reason', new.disabled_reason, 'url', '/v1/webhook-endpoints/whep_' || new.id)
  where exists (select from webhook_endpoints e where e.app_id = new.app_id and e.disabled_at is null);
  if operators_listen('ops.webhook_endpoint.disabled') then
    insert into webhook_events (id, type, data)
    values (new_uuid(), 'ops.webhook_endpoint.disabled', jsonb_build_object('endpointId', 'whep_' || new.id,
      'appId', 'app_' || new.app_id, 'reason', new.disabled_reason, 'url', '/v1/admin/webhook-endpoints/whep_' || new.id));
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.note_low_float()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if operators_listen('ops.float.low') then
    insert into webhook_events (id, type, data)
    values (new_uuid(), 'ops.float.low', jsonb_build_object('provider', new.provider, 'level', new.low_level::text,
      'url', '/v1/admin/providers/' || new.provider || '/balance'));
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.note_open_counts()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'INSERT' then
    insert into open_count_changes
    select provider, type, status, parked, open_since(status, release_at, created_at), count(*)
    from added where status in ('scheduled', 'pending', 'processing', 'unknown') group by 1, 2, 3, 4, 5;
  elsif tg_op = 'DELETE' then
    insert into open_count_changes
    select provider, type, status, parked, open_since(status, release_at, created_at), -count(*)
    from removed where status in ('scheduled', 'pending', 'processing', 'unknown') group by 1, 2, 3, 4, 5;
  else
    insert into open_count_changes
    select provider, type, status, parked, open_since(status, release_at, created_at), sum(change)
    from (
      select provider, type, status, parked, release_at, created_at, -1 as change from removed
      union all
      select provider, type, status, parked, release_at, created_at, 1 from added) rows
    where status in ('scheduled', 'pending', 'processing', 'unknown')
    group by 1, 2, 3, 4, 5 having sum(change) <> 0;
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.note_opened_breaks()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if operators_listen('ops.break.opened') then
    insert into webhook_events (id, type, data)
    select new_uuid(), 'ops.break.opened', jsonb_build_object('provider', provider, 'class', class, 'count', count(*),
      'breakIds', (array_agg('brk_' || id order by id))[1:10], 'url', '/v1/admin/breaks')
    from added where status = 'open' group by provider, class;
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.note_provider_state()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  event text := case when new.paused_at is null then 'ops.provider.resumed'
    when new.paused_by = 'gateway' then 'ops.provider.blocked' else 'ops.provider.paused' end;
begin
  if operators_listen(event) then
    insert into webhook_events (id, type, data)
    values (new_uuid(), event, jsonb_build_object('provider', new.provider, 'url', '/v1/admin/providers'));
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.note_resolution_proposal()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if operators_listen('ops.proposal.opened') then
    insert into webhook_events (id, type, data)
    values (new_uuid(), 'ops.proposal.opened', jsonb_build_object('transactionId', 'txn_' || new.transaction_id,
      'breakId', null, 'resolution', new.outcome, 'url', '/v1/admin/transactions/txn_' || new.transaction_id));
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.observed_rate(reported numeric, reported_from timestamp with time zone, budget text, purchase uuid, amount bigint)
 RETURNS numeric
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  before provider_balances;
begin
  select * into before from provider_balances b
  where b.provider = budget and b.at <= reported_from order by b.at desc, b.id desc limit 1;
  -- A balance that rose, or is reported as used up, shows no rate.
  if before.id is null or reported <= 0 or before.balance <= reported then
    return null;
  end if;
  -- The balance before contains at most one of the latest purchases, so another one is among the last two.
  if exists (
    select from (
      select t.id, t.completed_at from transactions t
      where t.status = 'succeeded' and t.covered and t.provider = budget order by t.completed_at desc limit 2
    ) latest
    where latest.completed_at >= before.begun_at and latest.id is distinct from before.transaction_id) then
    return null;
  end if;
  perform from transactions t
  where t.status = 'unknown' and t.provider = budget and t.covered and t.updated_at >= before.begun_at
    and t.id <> purchase and t.id is distinct from before.transaction_id limit 1;
  if found then
    return null;
  end if;
  perform from transactions t
  where t.status = 'pending' and t.provider = budget and t.covered and t.attempt_open
    and t.id <> purchase and t.id is distinct from before.transaction_id limit 1;
  -- While no rate is known, the other purchases wait for their turn with an open attempt: they were not sent.
  if found and not (
    exists (select from provider_floats f where f.provider = budget and f.turn_id = purchase)
    and float_rate(budget) is null) then
    return null;
  end if;
  return amount / (before.balance - reported);
end $function$;

CREATE OR REPLACE FUNCTION public.open_since(status text, release_at timestamp with time zone, created_at timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case when status = 'processing' then date_bin('1 hour', coalesce(release_at, created_at), 'epoch')
    else '-infinity' end
$function$;

CREATE OR REPLACE FUNCTION public.operators_listen(event text)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
  return exists (
    select from webhook_endpoints where app_id is null and disabled_at is null and event = any(types));
end $function$;

CREATE OR REPLACE FUNCTION public.rates_agree(one numeric, other numeric)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select abs(one - other) <= 0.2 * other
$function$;

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'rows of % are append-only', tg_table_name using errcode = 'insufficient_privilege';
end $function$;

CREATE OR REPLACE FUNCTION public.refute_rate(budget text, reported numeric, reported_from timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare
  latest provider_balances;
  before numeric;
begin
  select * into latest from provider_balances b
  where b.provider = budget and b.unit_rate is not null order by b.at desc, b.id desc limit 1;
  if latest.id is null or not latest.rate_counts or reported_from < latest.at or reported <= latest.balance then
    return false;
  end if;
  select b.balance into before from provider_balances b
  where b.provider = budget and b.at <= latest.begun_at and b.id <> latest.id order by b.at desc, b.id desc limit 1;
  if reported <= before then
    update provider_balances b set rate_counts = false where b.id = latest.id;
  end if;
  return coalesce(reported <= before, false);
end $function$;

CREATE OR REPLACE FUNCTION public.settle_quota(budget text, from_slot bigint, slot_ms bigint, answered boolean)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  current_slot bigint;
begin
  perform from provider_quotas q where q.name = budget for update;
  current_slot := floor(extract(epoch from clock_timestamp()) * 1000 / slot_ms);
  update provider_quota_slots s set used = s.used - 1 where s.name = budget and s.slot = from_slot and s.used > 0;
  if found then
    insert into provider_quota_slots as s (name, slot, used) values (budget, current_slot, 1)
    on conflict (name, slot) do update set used = s.used + 1;
  end if;
  -- A request that was sent before the block does not show that the block has ended.
  update provider_quotas q set probing = q.probing and not answered, probed_at = null
  where q.name = budget and q.probing and q.blocked_until <= clock_timestamp();
end $function$;

CREATE OR REPLACE FUNCTION public.summarize_ledger()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO '$user', 'public'
 SET lock_timeout TO '50ms'
AS $function$
begin
  perform brin_summarize_new_values('transaction_events_at');
  perform brin_summarize_new_values('ledger_entries_at');
exception when lock_not_available then
  null;
end $function$;

CREATE OR REPLACE FUNCTION public.take_quota(budget text, wanted integer, ceiling integer, slot_ms bigint, slots integer, margin integer, turn text)
 RETURNS TABLE(granted integer, at_slot bigint, wait_ms double precision)
 LANGUAGE plpgsql
AS $function$
declare
  quota provider_quotas%rowtype;
  now_ms double precision;
  current_slot bigint;
  total integer;
  usual integer := ceiling;
  kept integer := 0;
  available integer;
  owed_now integer;
  freed bigint;
begin
  insert into provider_quotas (name) values (budget) on conflict (name) do nothing;
  select q.* into quota from provider_quotas q where q.name = budget for update;
  now_ms := extract(epoch from clock_timestamp()) * 1000;
  current_slot := floor(now_ms / slot_ms);
  -- The slot that counts the request until its answer shows when it arrived at the latest.
  at_slot := current_slot + margin;
  granted := 0;
  wait_ms := 0;
  if quota.blocked_until > clock_timestamp() then
    wait_ms := extract(epoch from quota.blocked_until) * 1000 - now_ms;
    return next;
    return;
  end if;
  select coalesce(sum(s.used), 0) into total
  from provider_quota_slots s where s.name = budget and s.slot > current_slot - slots;
  if turn = 'read' then
    usual := ceiling - least(2, ceiling / 10);
    select least(ceiling - greatest(usual, total), 1) - coalesce(sum(s.kept), 0) into kept
    from provider_quota_slots s where s.name = budget and s.slot > current_slot - slots;
  end if;
  available := greatest(usual - total, 0);
  granted := least(wanted, available);
  kept := greatest(least(wanted - granted, kept), 0);
  granted := granted + kept;
  owed_now := quota.owed;
  if turn = 'new' and quota.waited_until > clock_timestamp() then
    granted := least(wanted, greatest((available - owed_now + 1) / 2, 0));
  end if;
  if quota.probing and granted > 0 then
    -- No call takes 60 s: a probe that is older belongs to an instance that died.
    granted := case when quota.probed_at > clock_timestamp() - interval '60 s' then 0 else 1 end;
    wait_ms := 500;
  end if;
  if turn = 'new' and quota.waited_until > clock_timestamp() then
    owed_now := owed_now + granted;
    -- The remaining permits belong to work that has waited long: a permit that becomes free does not help new work.
    wait_ms := case when granted < wanted and available > granted then 500 else wait_ms end;
  elsif turn = 'old' then
    owed_now := greatest(owed_now - granted, 0);
  end if;
  if granted > 0 then
    update provider_quotas q set owed = owed_now where q.name = budget and q.owed <> owed_now;
    update provider_quotas q set probed_at = clock_timestamp() where q.name = budget and q.probing;
    insert into provider_quota_slots as s (name, slot, used, kept) values (budget, at_slot, granted, least(kept, granted))
    on conflict (name, slot) do update set used = s.used + excluded.used, kept = s.kept + excluded.kept;
  end if;
  if granted < wanted and wait_ms = 0 then
    select min(c.slot) into freed from (
      select s.slot, sum(s.used) over (order by s.slot) as counted
      from provider_quota_slots s where s.name = budget and s.slot > current_slot - slots
    ) c where c.counted > total + granted - usual;
    wait_ms := greatest((freed + slots) * slot_ms - now_ms, 0);
  end if;
  return next;
end $function$;

CREATE OR REPLACE FUNCTION public.weigh_rate(budget text, rate numeric)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare
  usual numeric;
  latest provider_balances;
begin
  if rate is null then
    return true;
  end if;
  usual := float_rate(budget);
  if usual is null or rates_agree(rate, usual) then
    return true;
  end if;
  select * into latest from provider_balances b
  where b.provider = budget and b.unit_rate is not null order by b.at desc, b.id desc limit 1;
  if latest.rate_counts or not rates_agree(rate, latest.unit_rate) then
    return false;
  end if;
  update provider_balances b set rate_counts = true where b.id = latest.id;
  return true;
end $function$;
