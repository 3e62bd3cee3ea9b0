import { escapeIdentifier } from 'pg';
import { REPORT_TABLES } from '../providers/declared.js';
import type { Database } from './database.js';

/**
 * The tables for reports. They contain nothing about operators, credentials or tokens, and no data that providers sent.
 */
const TABLES = [
  'apps',
  'breaks',
  'ledger_accounts',
  'ledger_checkpoints',
  'ledger_entries',
  'ledger_seals',
  'provider_balances',
  'reconciliations',
  'transaction_events',
  'transactions',
  ...REPORT_TABLES,
];

/**
 * The columns to grant, for each table on which the role has other privileges. In the tables for reports these are all
 * columns except sealed or hashed ones (bytea), free-form ones (jsonb: masked values, metadata), and idempotency keys.
 * In other tables there are none.
 */
const WRONG_PRIVILEGES = `
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

interface WrongPrivileges {
  readonly object: string;
  /** null: no column. */
  readonly columns: readonly string[] | null;
}

/**
 * Lets a role read the tables for reports, and nothing else in the schema of `owner`. Nothing is written if the
 * privileges are already right.
 *
 * @throws Error when the role does not exist
 */
export async function grantReader(owner: Database, role: string): Promise<void> {
  const [found] = await owner.query(`select 1 as found from pg_roles where rolname = $1`, [role]);
  if (!found) throw new Error(`the role ${role} of DATABASE_READER_ROLE does not exist: create it first`);
  const grantee = escapeIdentifier(role);
  await owner.transaction(async (client) => {
    const { rows } = await client.query<WrongPrivileges>(WRONG_PRIVILEGES, [role, TABLES]);
    if (rows.length === 0) return;
    const schema = await client.query<{ name: string }>('select quote_ident(current_schema()) as name');
    await client.query(`grant usage on schema ${schema.rows[0]?.name ?? ''} to ${grantee}`);
    for (const { object, columns } of rows) {
      // The statement above produces both texts and quotes all names.
      await client.query(`revoke all on ${object} from ${grantee}`);
      if (columns) await client.query(`grant select (${columns.join(', ')}) on ${object} to ${grantee}`);
    }
  });
}
