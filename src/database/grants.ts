import { escapeIdentifier, type PoolClient } from 'pg';
import type { Database } from './database.js';

/** A trigger of this name marks a table as append-only. */
const APPEND_ONLY = `exists (
    select from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal and t.tgname like '%\\_append\\_only')`;

/** The privileges that the application needs, for each table on which it has others. */
const WRONG_ON_TABLES = `
with role as (select oid from pg_roles where rolname = $1),
wanted as (
  select c.oid, c.relname, c.relacl, case
    when c.relname = 'migrations' then array['SELECT']
    when ${APPEND_ONLY} then array['INSERT', 'SELECT']
    else array['DELETE', 'INSERT', 'SELECT', 'UPDATE']
  end as privileges
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = current_schema() and c.relkind in ('r', 'p', 'v', 'm')
)
select format('table %I.%I', current_schema(), w.relname) as object, w.privileges
from wanted w, role
where w.privileges <> array(
  select a.privilege_type from aclexplode(w.relacl) a where a.grantee = role.oid order by a.privilege_type)`;

/** Missing privileges on the schema, on sequences that no identity column owns, and on functions. */
const MISSING_ELSEWHERE = `
select format('schema %I', current_schema()) as object, array['USAGE'] as privileges
where not has_schema_privilege($1, current_schema(), 'USAGE')
union all
select format('sequence %I.%I', current_schema(), c.relname), array['USAGE']
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = current_schema() and case when c.relkind = 'S' then not has_sequence_privilege($1, c.oid, 'USAGE') end
  and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'i')
union all
select format('function %s', p.oid::regprocedure), array['EXECUTE']
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname = current_schema() and p.prokind = 'f' and not has_function_privilege($1, p.oid, 'EXECUTE')`;

/** Append-only tables that the current role can change, by its own privileges, PUBLIC's, or those of another role. */
const CHANGEABLE = `
select c.relname as name from pg_class c
where ${APPEND_ONLY} and pg_table_is_visible(c.oid) and (
  pg_has_role(c.relowner, 'MEMBER') or has_table_privilege(c.oid, 'DELETE, TRUNCATE, TRIGGER')
  or has_any_column_privilege(c.oid, 'UPDATE'))
order by c.relname`;

interface WrongPrivileges {
  readonly object: string;
  readonly privileges: readonly string[];
}

/**
 * Grants the application's role exactly the privileges that it needs in the schema of `owner`. On append-only tables it
 * can only insert and read. Nothing is written if the privileges are already right.
 */
export async function grantApplication(owner: Database, role: string): Promise<void> {
  await owner.transaction(async (client) => {
    for (const text of [WRONG_ON_TABLES, MISSING_ELSEWHERE]) await correctPrivileges(client, text, role);
  });
}

async function correctPrivileges(client: PoolClient, text: string, role: string): Promise<void> {
  const { rows } = await client.query<WrongPrivileges>(text, [role]);
  const grantee = escapeIdentifier(role);
  for (const { object, privileges } of rows) {
    // The statements above produce both texts and quote all names.
    await client.query(`revoke all on ${object} from ${grantee}`);
    await client.query(`grant ${privileges.join(', ')} on ${object} to ${grantee}`);
  }
}

/** The append-only tables that the current role could change if there were no triggers. */
export async function changeableTables(database: Database): Promise<string[]> {
  const rows = await database.query<{ name: string }>(CHANGEABLE);
  return rows.map((row) => row.name);
}
