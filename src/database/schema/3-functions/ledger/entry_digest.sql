-- The hash of an entry that a seal contains; see event_digest. A change of this function breaks every existing seal.
create function entry_digest(e ledger_entries) returns bytea language sql stable as $$
  select sha256(convert_to(jsonb_build_array(e.transaction_id, e.app_id, e.seq, e.phase, e.debit_account,
    e.credit_account, e.amount, (extract(epoch from e.at) * 1000000)::bigint)::text, 'UTF8'))
$$;
