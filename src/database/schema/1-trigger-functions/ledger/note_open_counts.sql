-- Trigger function of `transactions`: updates the counts of open transactions. It runs once for each statement: it
-- subtracts the old rows, adds the new rows, and writes no change of zero.
create function note_open_counts() returns trigger language plpgsql as $$
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
end $$;
