-- The time before which no event can appear any more: every event with an earlier `at` is committed, or never will be.
-- An event gets its time when it is inserted, by a statement that has written before and so has a transaction id. So the
-- start of the oldest open transaction with an id is the limit; a backup or another reader does not hold it back. (The
-- seals need a stricter limit, because an entry has the time at which its transaction began.) One second is subtracted,
-- because a new transaction takes a moment to appear in pg_stat_activity.
-- Call it in a statement of its own, before the one that reads the events: otherwise a transaction that ends between the
-- snapshot of that statement and this check would be neither visible nor waited for.
create function events_settled_until() returns timestamptz language sql volatile as $$
  select least(clock_timestamp(), (
    select min(xact_start) from pg_stat_activity
    where datname = current_database() and backend_xid is not null and pid <> pg_backend_pid()
  )) - interval '1 second'
$$;
