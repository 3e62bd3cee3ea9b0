const CREDITED = 'PROCESSED';

/** Checks all invariants at the end. Returns the violated ones as texts. */
export async function violations({ client, sandbox, expected, acknowledged, bodies }) {
  const found = [];
  const { rows } = await client.query(
    `select id, status, reference, correlation_id, provider_reference from transactions where type = 'accrual'`,
  );
  const byReference = new Map(rows.map((row) => [row.reference, row]));
  const { effects } = await sandbox.ask('GET', '/effects?provider=latam-pass');
  const byKey = Map.groupBy(
    effects.filter((effect) => effect.kind === 'accrual'),
    (effect) => effect.key,
  );
  for (const [reference, wanted] of expected) {
    const id = acknowledged.get(reference);
    const row = byReference.get(reference);
    if (!id) found.push(`${reference}: never acknowledged`);
    if (!row) {
      found.push(`${reference}: LOST, there is no transaction`);
      continue;
    }
    if (id && id !== `txn_${row.id}`) found.push(`${reference}: acknowledged as ${id}, recorded as txn_${row.id}`);
    const own = byKey.get(row.id) ?? [];
    const credited = own.filter((effect) => effect.outcome === CREDITED).length;
    if (credited > 1 || own.length > 1) found.push(`${reference}: DOUBLED, ${own.length} effects`);
    if (credited < 1 && wanted === 'succeeded') found.push(`${reference}: LOST, not credited (${row.status})`);
    if (row.status !== wanted) found.push(`${reference}: is ${row.status}, and the truth is ${wanted}`);
    if (own[0] && row.correlation_id !== own[0].detail.correlationId) found.push(`${reference}: wrong correlationId`);
    if (own[0] && row.provider_reference !== own[0].providerReference) found.push(`${reference}: wrong latamAccrualId`);
    if ((bodies.get(row.id)?.size ?? 0) > 1) found.push(`${reference}: resent with other bytes`);
    byKey.delete(row.id);
  }
  for (const key of byKey.keys()) found.push(`${key}: an effect that belongs to no transaction`);
  if (rows.length !== expected.size) found.push(`${rows.length} transactions for ${expected.size} requests`);
  return [
    ...found,
    ...(await unfinished(client)),
    ...(await ledgerViolations(client)),
    ...(await notificationViolations(client)),
  ];
}

/** The status and the timeline of each unfinished transaction, for debugging. */
async function unfinished(client) {
  const { rows } = await client.query(
    `select t.reference, t.status, t.due_at, (
       select json_agg(json_build_array(e.evidence, e.detail) order by e.seq) from transaction_events e
       where e.transaction_id = t.id) as history
     from transactions t where t.completed_at is null`,
  );
  return rows.map((row) => `${row.reference}: NOT FINAL, ${row.status}, ${JSON.stringify(row.history)}`);
}

/** Checks that every accrual has a hold, and exactly one posting or release. */
async function ledgerViolations(client) {
  const { rows } = await client.query(
    `select t.reference, t.status, coalesce(string_agg(e.phase, '+' order by e.seq), '') as phases
     from transactions t left join ledger_entries e on e.transaction_id = t.id group by t.id, t.app_id
     having coalesce(string_agg(e.phase, '+' order by e.seq), '') <>
       case t.status when 'succeeded' then 'hold+post' when 'failed' then 'hold+release' else 'hold' end`,
  );
  return rows.map((row) => `${row.reference}: ${row.status} with the entries ${row.phases}`);
}

/** Checks that every acknowledged notification about one of the gateway's accruals was applied. */
async function notificationViolations(client) {
  const { rows } = await client.query(
    `select n.state, count(*)::int as count from notifications n
     where n.state not in ('applied', 'orphan')
       or n.state = 'orphan' and exists (select from transactions t where t.correlation_id = n.correlation_id)
     group by n.state`,
  );
  const { rows: breaks } = await client.query(`select count(*)::int as count from breaks`);
  return [
    ...rows.map((row) => `${row.count} notifications are left ${row.state}`),
    ...(breaks[0].count === 0 ? [] : [`${breaks[0].count} breaks, and nothing contradicted itself`]),
  ];
}
