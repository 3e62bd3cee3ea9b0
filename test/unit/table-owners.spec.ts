import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { readSchemaFiles } from '../../src/database/schema-files.js';

const PROJECT_FOLDER = join(import.meta.dirname, '..', '..');
const SOURCE = join(PROJECT_FOLDER, 'src');

/** Files that write a table of another room, because one statement must write both rooms. */
const SPANNING: Readonly<Record<string, string>> = {
  'ledger/writes/settle.ts notifications': 'a notification is applied in the commit of the transition that it causes',
  'ledger/writes/settle.ts provider_balances': 'a balance reported with a purchase is stored with its outcome',
};

const STATEMENT = /\b(?:insert\s+into|update|delete\s+from|truncate)\s+(?:only\s+)?(\w+)/gi;
/** Methods of TypeORM's entity managers, repositories and query builders that write. */
const METHOD =
  /\.(?:save|insert|update|upsert|delete|remove|softRemove|softDelete|recover|restore|increment|decrement|clear|into)\(/;
const ENTITY = /@Entity\('(\w+)'\)\s*export class (\w+)/g;

const TABLE = /^create (?:unlogged )?table (\w+)/gm;

function namesIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, name = '']) => name);
}

/** The files of the schema, by room: `2-tables/ledger.sql` is `ledger/tables.sql`, `3-functions/ledger/f.sql` `ledger/f.sql`. */
const schemaFiles = new Map(
  readSchemaFiles().map(({ name, text }): [string, string] => {
    const [, path = ''] = /^\d-[\w-]+\/(.*)\.sql$/.exec(name) ?? [];
    return [name.startsWith('2-tables/') ? `${path}/tables.sql` : `${path}.sql`, text];
  }),
);

/** The owner of each table: the room that the table's file is named after. Only its files may write the table. */
const owners = new Map(
  [...schemaFiles].flatMap(([file, text]) =>
    namesIn(text, TABLE).map((table): [string, string] => [table, file.replace(/\/tables\.sql$/, '')]),
  ),
);

/** The source by file, without migrations and the sandbox. */
const sources = new Map(
  readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .map((file) => file.split(sep).join('/'))
    .filter((file) => file.endsWith('.ts') && !file.includes('/migrations/') && !file.startsWith('sandbox/'))
    .map((file): [string, string] => [file, readFileSync(join(SOURCE, file), 'utf8')]),
);

/** The tables of TypeORM's entities, by class. */
const entities = new Map(
  [...sources.values()]
    .flatMap((text) => [...text.matchAll(ENTITY)])
    .map(([, table = '', name = '']): [string, string] => [name, table]),
);

function writtenBySql(text: string): string[] {
  return namesIn(text, STATEMENT).filter((table) => owners.has(table));
}

/**
 * The tables that a file may write with TypeORM. A file that calls a writing method may write every entity that it
 * names; with TypeORM's manager it must name one.
 */
function writtenByTypeOrm(text: string): string[] {
  if (!METHOD.test(text)) return [];
  const named = [...entities].filter(([name]) => new RegExp(`\\b${name}\\b`).test(text)).map(([, table]) => table);
  return named.length === 0 && text.includes(" from 'typeorm'") ? ['(an entity that is not named)'] : named;
}

/** A line `<file> <table>` for every file that writes a table. */
function writes(): string[] {
  const all = [...sources, ...schemaFiles].flatMap(([file, text]) =>
    [...writtenBySql(text), ...writtenByTypeOrm(text)].map((table) => `${file} ${table}`),
  );
  return [...new Set(all)];
}

it('every table is owned by a room that exists', () => {
  const tables = namesIn(readFileSync(join(SOURCE, 'database', 'schema.sql'), 'utf8'), TABLE);
  expect(tables.length).toBeGreaterThan(30);
  expect([...owners.keys()].toSorted()).toEqual(tables.toSorted());
  expect([...owners.values()].filter((room) => !existsSync(join(SOURCE, room)))).toEqual([]);
});

it('every stored function is in a file of its own, with its name', () => {
  for (const [file, text] of schemaFiles) {
    const functions = file.endsWith('/tables.sql') ? [] : [basename(file, '.sql')];
    expect([file, ...namesIn(text, /\bcreate (?:or replace )?function (\w+)/g)]).toEqual([file, ...functions]);
  }
});

it('the search for writers finds SQL, stored functions and TypeORM', () => {
  expect(entities.size).toBeGreaterThan(4);
  expect(writes()).toEqual(
    expect.arrayContaining([
      'ledger/writes/record.ts transactions',
      'funds/weigh_rate.sql provider_balances',
      'providers/latcom/tables.sql latcom_products',
      'access/audit.service.ts audit_log',
      'access/admin/apps.service.ts api_keys',
      'providers/loyalty-layer/plans/plan-admin.service.ts plans',
    ]),
  );
});

it('a table is written by its owner alone, except where one statement has to span two rooms', () => {
  const foreign = writes().filter((write) => {
    const [file = '', table = ''] = write.split(' ');
    return !file.startsWith(`${owners.get(table) ?? ''}/`);
  });
  expect(foreign.toSorted()).toEqual(Object.keys(SPANNING).toSorted());
});
