-- Trigger function of `breaks`: one event for operators for each provider and class of a statement, because a
-- reconciliation may open very many breaks at once.
create function note_opened_breaks() returns trigger language plpgsql as $$
begin
  if operators_listen('ops.break.opened') then
    insert into webhook_events (id, type, data)
    select new_uuid(), 'ops.break.opened', jsonb_build_object('provider', provider, 'class', class, 'count', count(*),
      'breakIds', (array_agg('brk_' || id order by id))[1:10], 'url', '/v1/admin/breaks')
    from added where status = 'open' group by provider, class;
  end if;
  return null;
end $$;
