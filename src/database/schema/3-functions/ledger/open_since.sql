-- The hour since which a transaction has been with its provider, for the sums of open transactions; -infinity for one
-- that no provider has accepted.
create function open_since(status text, release_at timestamptz, created_at timestamptz)
returns timestamptz language sql immutable parallel safe as $$
  select case when status = 'processing' then date_bin('1 hour', coalesce(release_at, created_at), 'epoch')
    else '-infinity' end
$$;
