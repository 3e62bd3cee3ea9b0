import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PROJECT_FOLDER = join(import.meta.dirname, '..');
/** Lines of a `create table` that do not define a column. */
const NO_COLUMN = /^\s*(constraint|primary|unique|check|foreign)\b/;

/** The columns of every table in src/database/schema.sql, by table. */
export function schemaColumns() {
  const schema = readFileSync(join(PROJECT_FOLDER, 'src/database/schema.sql'), 'utf8');
  const tables = [...schema.matchAll(/^create (?:unlogged )?table (\w+) \(\n([\s\S]*?)\n\).*;$/gm)];
  const columns = tables.map(([, table, body]) => [
    table,
    body.split('\n').flatMap((line) => (NO_COLUMN.test(line) ? [] : [/^\s*"?(\w+)/.exec(line)[1]])),
  ]);
  return Object.fromEntries(columns);
}

/**
 * The text of docs/retention.md, made from src/privacy/retention.ts and the real columns. @throws Error for a column
 * without a class, or with two
 */
export function renderRetention({ CLASSES, RETENTION }, columns = schemaColumns()) {
  const wrong = [];
  const rows = Object.fromEntries(Object.keys(CLASSES).map((name) => [name, []]));
  for (const table of Object.keys(RETENTION)) if (!columns[table]) wrong.push(`${table} is no table`);
  for (const [table, real] of Object.entries(columns)) {
    const classes = Object.entries(RETENTION[table] ?? {});
    const named = classes.flatMap(([, names]) => names).filter((name) => name !== '*');
    wrong.push(...named.filter((name) => !real.includes(name)).map((name) => `${table}.${name} is no column`));
    for (const column of real) {
      const own = classes.filter(
        ([, names]) => names.includes(column) || (names.includes('*') && !named.includes(column)),
      );
      if (own.length === 1) rows[own[0][0]].push([table, column]);
      else wrong.push(`${table}.${column} has ${own.length} classes`);
    }
  }
  if (wrong.length > 0) throw new Error(`src/privacy/retention.ts: ${wrong.join('; ')}`);
  return page(CLASSES, rows);
}

function page(classes, rows) {
  const parts = Object.entries(classes).map(([name, { kept, why }]) => {
    const byTable = Map.groupBy(rows[name], ([table]) => table);
    const tables = [...byTable].map(([table, own]) => `- ${table}: ${own.map(([, column]) => column).join(', ')}`);
    return `## ${name}\n\nKept ${kept}.\n${why}\n\n${tables.join('\n')}\n`;
  });
  const head = `# How long each column is kept\n\nMade by \`npm run retention\` from src/privacy/retention.ts: do not edit.\nHow blocking and erasure work: [privacy.md](privacy.md).\n`;
  return `${head}\n${parts.join('\n')}`;
}
