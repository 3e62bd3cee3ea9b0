-- Webhooks to partners. Only src/webhooks writes to these tables.

create table webhook_endpoints (
  id uuid primary key,
  app_id uuid,
  url text not null,
  types text[] not null,
  description text,
  secret bytea,
  previous_secrets bytea[] not null default '{}',
  previous_until timestamptz[] not null default '{}',
  disabled_at timestamptz,
  disabled_reason text check (disabled_reason in ('by_app', 'by_operator', 'gone', 'failing')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_success_at timestamptz,
  failing_since timestamptz,
  failures integer not null default 0,
  next_probe_at timestamptz,
  max_in_flight integer not null default 8 check (max_in_flight between 1 and 8),
  replay_failures integer not null default 0,
  replay_due_at timestamptz,
  unique nulls not distinct (app_id, url),
  check (cardinality(previous_secrets) <= 4 and cardinality(previous_secrets) = cardinality(previous_until)),
  check ((disabled_at is null) = (disabled_reason is null)),
  check ((failures = 0) = (next_probe_at is null) and (failures = 0) = (failing_since is null)),
  check ((replay_failures = 0) = (replay_due_at is null))
);
comment on column webhook_endpoints.app_id is 'null: an endpoint of the operators';
comment on column webhook_endpoints.secret is
  'encrypted with the key of the app, or the gateway''s own for operators; null: destroyed with the key of the app';
comment on column webhook_endpoints.previous_secrets is
  'sign beside the new one, each until its time in previous_until, in the same order; at most four';
comment on column webhook_endpoints.failures is
  'probes in a row that found the endpoint down; while it is not 0, one delivery is sent at next_probe_at';
comment on column webhook_endpoints.max_in_flight is
  'deliveries that may be in progress at once in all instances; 1 after a failure, doubled by each success';
comment on column webhook_endpoints.replay_failures is
  'replayed deliveries in a row that found it down while it was up for live ones; while it is not 0, one is sent at replay_due_at';
create index webhook_endpoints_app on webhook_endpoints (app_id, id);
create index webhook_endpoints_operators on webhook_endpoints (id) where app_id is null and disabled_at is null;
create trigger webhook_endpoints_disabled after update on webhook_endpoints for each row
  when (old.disabled_at is null and new.disabled_at is not null and new.disabled_reason <> 'by_app')
  execute function note_disabled_endpoint();

-- One row for each event that an endpoint is told. The trigger of transaction_events or webhook_events adds it in the commit
-- of the event; an event of webhook_events stands in transaction_id, with the seq 0. It has no foreign key: its lock on the
-- endpoint would be shared by all writers of the ledger.
create table webhook_deliveries (
  endpoint_id uuid not null,
  transaction_id uuid not null,
  seq integer not null,
  id uuid not null,
  app_id uuid,
  event_id uuid not null,
  type text not null,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'refused', 'expired')),
  due_at timestamptz default now(),
  is_sending boolean not null default false,
  sender uuid,
  is_replay boolean not null default false,
  attempts integer not null default 0,
  refusals integer not null default 0,
  outages integer not null default 0,
  last_status integer,
  last_error text,
  log jsonb not null default '[]',
  created_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  delivered_at timestamptz,
  primary key (endpoint_id, transaction_id, seq),
  unique (id),
  check ((state = 'pending') = (due_at is not null) and (state = 'pending') = (ended_at is null)),
  check (state <> 'delivered' or delivered_at is not null)
);
comment on column webhook_deliveries.due_at is
  'when it is sent; while it is being sent, the end of its lease: after a crash it is sent again then';
comment on column webhook_deliveries.sender is 'the instance that claimed it last; an id that each process makes at its start';
comment on column webhook_deliveries.is_replay is
  'sent again for a replay or a request: after live ones, and without effect on the health of the endpoint';
comment on column webhook_deliveries.created_at is 'when it was queued; queued again, it begins anew';
comment on column webhook_deliveries.refusals is 'answers that refused this event, e.g. 400';
comment on column webhook_deliveries.outages is 'attempts that found the endpoint down, since it was queued';
comment on column webhook_deliveries.delivered_at is
  'when the receiver first took it; it stays, whatever comes of sending it again';
comment on column webhook_deliveries.log is 'the last ten attempts: at, durationMs, status, error; nothing of an answer';
create index webhook_deliveries_due on webhook_deliveries (endpoint_id, is_replay, due_at, seq) where due_at is not null;
create index webhook_deliveries_list on webhook_deliveries (endpoint_id, id);
create index webhook_deliveries_lost on webhook_deliveries (endpoint_id, state, id) where state in ('refused', 'expired');
create index webhook_deliveries_ended on webhook_deliveries (ended_at) where ended_at is not null;

create trigger transaction_events_delivered after insert on transaction_events
  referencing new table as added for each statement execute function note_deliveries();

-- Requests to send the events of a period again. A job walks through the ledger and queues them in small steps.
create table webhook_replays (
  id uuid primary key,
  endpoint_id uuid not null,
  app_id uuid not null,
  from_at timestamptz not null,
  to_at timestamptz not null,
  types text[] not null,
  only_missing boolean not null,
  status text not null default 'running' check (status in ('running', 'completed', 'stopped')),
  counted integer not null,
  queued integer not null default 0,
  reached_at timestamptz not null,
  reached_id uuid not null default '00000000-0000-0000-0000-000000000000',
  created_at timestamptz not null default clock_timestamp(),
  completed_at timestamptz,
  check ((status = 'running') = (completed_at is null)),
  check (from_at <= to_at)
);
comment on column webhook_replays.counted is 'events of the period and types, before any was queued';
comment on column webhook_replays.reached_at is 'with reached_id: the last event that was looked at';
create unique index webhook_replays_running on webhook_replays (endpoint_id) where completed_at is null;
create index webhook_replays_ended on webhook_replays (completed_at) where completed_at is not null;

-- Events that are not rows of the ledger's timeline. Triggers add them in the commit of the fact that they report. Nothing
-- in them is personal. They are deleted after 30 days.
create table webhook_events (
  id uuid primary key,
  app_id uuid,
  type text not null,
  data jsonb not null,
  once text unique,
  created_at timestamptz not null default clock_timestamp(),
  check ((app_id is null) = (type like 'ops.%'))
);
comment on column webhook_events.app_id is 'null: an event for operators';
comment on column webhook_events.once is 'of all events with the same text only the first is written';
create trigger webhook_events_delivered after insert on webhook_events
  referencing new table as added for each statement execute function deliver_webhook_events();

-- What operators are told of; see note_deliveries for unknown transactions.
create trigger breaks_opened after insert on breaks
  referencing new table as added for each statement execute function note_opened_breaks();
create trigger breaks_proposed after update on breaks for each row
  when (old.proposed is null and new.proposed is not null) execute function note_break_proposal();
create trigger resolution_proposals_opened after insert on resolution_proposals for each row
  execute function note_resolution_proposal();
create trigger provider_states_added after insert on provider_states for each row
  when (new.paused_at is not null) execute function note_provider_state();
create trigger provider_states_changed after update on provider_states for each row
  when ((old.paused_at is null) <> (new.paused_at is null)) execute function note_provider_state();
create trigger provider_floats_low_added after insert on provider_floats for each row
  when (new.low_level is not null) execute function note_low_float();
create trigger provider_floats_low_changed after update on provider_floats for each row
  when (new.low_level is not null and (old.low_level is null or new.low_level < old.low_level))
  execute function note_low_float();
