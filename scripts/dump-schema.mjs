/**
 * The schema of a database as SQL text, from PostgreSQL's own catalog functions (the embedded PostgreSQL has no
 * pg_dump). The same schema always gives the same text.
 */
const TABLES = `
select c.oid, c.relname as name, c.relpersistence = 'u' as unlogged, array_to_string(c.reloptions, ', ') as options,
  obj_description(c.oid, 'pg_class') as comment
from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by c.relname`;

const COLUMNS = `
select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
  a.attidentity <> '' as identity, a.attgenerated <> '' as generated, pg_get_expr(d.adbin, d.adrelid) as "default",
  case when a.attcollation <> t.typcollation then (select c.collname from pg_collation c where c.oid = a.attcollation) end
    as collation,
  case when a.attstorage <> t.typstorage then a.attstorage end as storage, col_description(a.attrelid, a.attnum) as comment
from pg_attribute a join pg_type t on t.oid = a.atttypid
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
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
select pg_get_functiondef(oid) as definition, proname as name, obj_description(oid, 'pg_proc') as comment from pg_proc
where pronamespace = 'public'::regnamespace order by proname`;

function quoted(text) {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The names of `pg_attribute.attstorage`. */
const STORAGE = { p: 'plain', e: 'external', m: 'main', x: 'extended' };

function columnLine({ name, type, collation, required, identity, generated, default: expression }) {
  const parts = [`  ${name} ${type}`];
  if (collation !== null) parts.push(`collate "${collation}"`);
  if (identity) parts.push('generated always as identity');
  if (required) parts.push('not null');
  if (expression !== null)
    parts.push(generated ? `generated always as (${expression}) stored` : `default ${expression}`);
  return parts.join(' ');
}

async function dumpTable(client, { oid, name, unlogged, options, comment }) {
  const rows = async (text) => (await client.query(text, [oid])).rows;
  const columns = await rows(COLUMNS);
  const constraints = (await rows(CONSTRAINTS)).map((one) => `  constraint ${one.name} ${one.definition}`);
  const body = [...columns.map(columnLine), ...constraints].join(',\n');
  const stored = columns.filter((column) => column.storage !== null);
  const comments = columns.filter((column) => column.comment !== null);
  return [
    `create ${unlogged ? 'unlogged ' : ''}table ${name} (\n${body}\n)${options === null ? '' : ` with (${options})`};`,
    ...stored.map(
      (column) => `alter table ${name} alter column ${column.name} set storage ${STORAGE[column.storage]};`,
    ),
    ...(comment === null ? [] : [`comment on table ${name} is ${quoted(comment)};`]),
    ...comments.map((column) => `comment on column ${name}.${column.name} is ${quoted(column.comment)};`),
    ...[...(await rows(INDEXES)), ...(await rows(TRIGGERS))].map((one) => `${one.definition};`),
  ].join('\n');
}

async function dumpFunctions(client) {
  const { rows } = await client.query(FUNCTIONS);
  return rows.map(({ name, definition, comment }) =>
    [
      `${definition.trimEnd()};`,
      ...(comment === null ? [] : [`comment on function ${name} is ${quoted(comment)};`]),
    ].join('\n'),
  );
}

/** @param {import('pg').Client} client connected to the database */
export async function dumpSchema(client) {
  const parts = [];
  for (const table of (await client.query(TABLES)).rows) {
    if (table.name !== 'migrations') parts.push(await dumpTable(client, table));
  }
  parts.push(...(await dumpFunctions(client)));
  return `-- Made by \`npm run schema\` from a database that all migrations made: do not edit.\n\n${parts.join('\n\n')}\n`;
}
