-- Adds new pages to the BRIN summaries of events and entries. Autovacuum does so only once a minute, and until then every
-- query for the newest rows reads all new pages. Only the owner of a table may do it. It does not wait for locks: the
-- holder either writes the summaries itself (VACUUM) or finishes soon.
create function summarize_ledger() returns void language plpgsql security definer
set search_path from current set lock_timeout = '50ms' as $$
begin
  perform brin_summarize_new_values('transaction_events_at');
  perform brin_summarize_new_values('ledger_entries_at');
exception when lock_not_available then
  null;
end $$;
