-- The hour since which a transaction has been at its provider, for the counts of open transactions; -infinity for a
-- transaction that no provider has accepted.
create function open_since(status text, release_at timestamptz, created_at timestamptz)
returns timestamptz language sql immutable parallel safe as $$
  select case when status = 'processing' then date_bin('1 hour', coalesce(release_at, created_at), 'epoch')
    else '-infinity' end
$$;
