-- A UUID v7 (RFC 9562): milliseconds since 1970, then random bits. For rows that a statement makes by itself; rows of
-- the application bring their ids.
create function new_uuid() returns uuid language sql volatile as $$
  select encode(set_byte(
    substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) || substring(bytes from 7),
    6, get_byte(bytes, 6) & 15 | 112), 'hex')::uuid
  from (select uuid_send(gen_random_uuid()) as bytes) random
$$;
