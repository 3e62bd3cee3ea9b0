-- Trigger function of `resolution_proposals`: an event for operators about a resolution that another operator must decide.
create function note_resolution_proposal() returns trigger language plpgsql as $$
begin
  if operators_listen('ops.proposal.opened') then
    insert into webhook_events (id, type, data)
    values (new_uuid(), 'ops.proposal.opened', jsonb_build_object('transactionId', 'txn_' || new.transaction_id,
      'breakId', null, 'resolution', new.outcome, 'url', '/v1/admin/transactions/txn_' || new.transaction_id));
  end if;
  return null;
end $$;
