-- Trigger function of `breaks`: an event for operators about a resolution that another operator must decide.
create function note_break_proposal() returns trigger language plpgsql as $$
begin
  if operators_listen('ops.proposal.opened') then
    insert into webhook_events (id, type, data)
    values (new_uuid(), 'ops.proposal.opened', jsonb_build_object('transactionId', 'txn_' || new.transaction_id,
      'breakId', 'brk_' || new.id, 'resolution', new.proposed->>'resolution', 'url', '/v1/admin/breaks/brk_' || new.id));
  end if;
  return null;
end $$;
