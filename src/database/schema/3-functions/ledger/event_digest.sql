-- The hash of an event that a seal contains. The hashed text is the same on every server: times are in microseconds,
-- and it depends on no session setting. A change of this function breaks every existing seal.
create function event_digest(e transaction_events) returns bytea language sql stable as $$
  select sha256(convert_to(jsonb_build_array(e.id, e.transaction_id, e.app_id, e.seq,
    (extract(epoch from e.at) * 1000000)::bigint, e.from_status, e.to_status, e.actor, e.evidence, e.detail)::text, 'UTF8'))
$$;
