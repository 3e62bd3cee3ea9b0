import { escapeIdentifier } from 'pg';
import type { Database } from './database.js';

/** What reports are made of. Nothing about operators, credentials, tokens, or what providers sent. */
const TABLES = [
  'apps',
  'breaks',
  'ledger_accounts',
  'ledger_checkpoints',
  'ledger_entries',
  'ledger_seals',
  'plans',
  'provider_balances',
  'reconciliations',
  'transaction_events',
  'transactions',
];

/**
 * Of these tables every column that is neither sealed or hashed (bytea) nor free in what it holds (jsonb: masked remains,
 * metadata), nor a key of a request. Only where something else is granted, on these tables or on others.
 */
const AMISS = `
select format('%I.%I', current_schema(), c.relname) as object,
  array_agg(quote_ident(a.attname) order by a.attnum) filter (where w.wanted) as columns
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_roles r on r.rolname = $1
cross join lateral (
  select c.relname = any($2) and a.atttypid not in ('bytea'::regtype, 'jsonb'::regtype)
    and a.attname <> 'idempotency_key' as wanted
) w
where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
group by c.oid, c.relname, c.relacl, r.oid
having bool_or(w.wanted <> exists (select from aclexplode(a.attacl) x where x.grantee = r.oid))
  or exists (select from aclexplode(c.relacl) x where x.grantee = r.oid)
order by c.relname`;

interface Amiss {
  readonly object: string;
  /** null: nothing of it. */
  readonly columns: readonly string[] | null;
}

/**
 * Lets a role read what reports are made of, and nothing else in the schema of `owner`. Nothing is written when that is
 * so already.
 *
 * @throws Error when there is no such role
 */
export async function grantReader(owner: Database, role: string): Promise<void> {
  const [found] = await owner.query(`select 1 as found from pg_roles where rolname = $1`, [role]);
  if (!found) throw new Error(`there is no role ${role}, which DATABASE_READER_ROLE names: create it first`);
  const grantee = escapeIdentifier(role);
  await owner.transaction(async (client) => {
    const { rows } = await client.query<Amiss>(AMISS, [role, TABLES]);
    if (rows.length === 0) return;
    const schema = await client.query<{ name: string }>('select quote_ident(current_schema()) as name');
    await client.query(`grant usage on schema ${schema.rows[0]?.name ?? ''} to ${grantee}`);
    for (const { object, columns } of rows) {
      // Both are made by the statement above, which quotes what is a name.
      await client.query(`revoke all on ${object} from ${grantee}`);
      if (columns) await client.query(`grant select (${columns.join(', ')}) on ${object} to ${grantee}`);
    }
  });
}
