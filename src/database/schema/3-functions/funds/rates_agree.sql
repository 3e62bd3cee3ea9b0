-- Within a fifth: no exchange rate moves further between two purchases.
create function rates_agree(one numeric, other numeric) returns boolean language sql immutable parallel safe as $$
  select abs(one - other) <= 0.2 * other
$$;
