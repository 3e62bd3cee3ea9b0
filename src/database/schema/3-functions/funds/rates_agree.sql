-- True when two rates differ by at most 20 %. No exchange rate changes more between two purchases.
create function rates_agree(one numeric, other numeric) returns boolean language sql immutable parallel safe as $$
  select abs(one - other) <= 0.2 * other
$$;
