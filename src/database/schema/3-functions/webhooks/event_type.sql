-- The type of an event as partners see it; null: they are not told of it.
create function event_type(to_status text, evidence text) returns text language sql immutable parallel safe as $$
  select case when to_status is not null then 'transaction.' || to_status
    when evidence = 'correction' then 'transaction.corrected'
    when evidence = 'overdue' then 'transaction.overdue' end
$$;
