/**
 * The schema of a database as SQL text, from PostgreSQL's own catalogue functions (the embedded PostgreSQL has no
 * pg_dump). The same schema always gives the same text.
 */
const TABLES = `
select c.oid, c.relname as name, c.relpersistence = 'u' as unlogged, obj_description(c.oid) as comment
from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by c.relname`;

const COLUMNS = `
select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
  a.attidentity <> '' as identity, pg_get_expr(d.adbin, d.adrelid) as "default", col_description(a.attrelid, a.attnum) as comment
from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum`;

const CONSTRAINTS = `
select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
where conrelid = $1 and contype <> 'n' order by conname`;

const INDEXES = `
select pg_get_indexdef(i.indexrelid) as definition from pg_index i
where i.indrelid = $1 and not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x'))
order by 1`;

const TRIGGERS = `select pg_get_triggerdef(oid) as definition from pg_trigger where tgrelid = $1 and not tgisinternal order by 1`;

const FUNCTIONS = `
select pg_get_functiondef(oid) as definition from pg_proc
where pronamespace = 'public'::regnamespace order by proname`;

function quoted(text) {
  return `'${text.replaceAll("'", "''")}'`;
}

function columnLine({ name, type, required, identity, default: expression }) {
  const generated = identity ? ' generated always as identity' : '';
  return `  ${name} ${type}${generated}${required ? ' not null' : ''}${expression === null ? '' : ` default ${expression}`}`;
}

async function dumpTable(client, { oid, name, unlogged }) {
  const rows = async (text) => (await client.query(text, [oid])).rows;
  const columns = await rows(COLUMNS);
  const constraints = (await rows(CONSTRAINTS)).map((one) => `  constraint ${one.name} ${one.definition}`);
  const comments = columns.filter((column) => column.comment !== null);
  return [
    `create ${unlogged ? 'unlogged ' : ''}table ${name} (\n${[...columns.map(columnLine), ...constraints].join(',\n')}\n);`,
    ...comments.map((column) => `comment on column ${name}.${column.name} is ${quoted(column.comment)};`),
    ...[...(await rows(INDEXES)), ...(await rows(TRIGGERS))].map((one) => `${one.definition};`),
  ].join('\n');
}

/** @param {import('pg').Client} client connected to the database */
export async function dumpSchema(client) {
  const parts = [];
  for (const table of (await client.query(TABLES)).rows) {
    if (table.name !== 'migrations') parts.push(await dumpTable(client, table));
  }
  for (const { definition } of (await client.query(FUNCTIONS)).rows) parts.push(`${definition.trimEnd()};`);
  return `-- Made by \`npm run schema\` from the migrations: do not edit.\n\n${parts.join('\n\n')}\n`;
}
