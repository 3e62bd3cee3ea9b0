import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { Baseline1795231600000 } from '../../src/database/migrations/1795231600000-baseline.js';
import { readSchemaFiles } from '../../src/database/schema-files.js';
import { createDatabase } from '../support/database.js';

const PROJECT_FOLDER = join(import.meta.dirname, '..', '..');

it('the migrations turn an empty database into exactly the schema in src/database/schema.sql', async () => {
  const dumping: unknown = await import(join(PROJECT_FOLDER, 'scripts/dump-schema.mjs'));
  const dumpSchema: unknown = Reflect.get(Object(dumping), 'dumpSchema');
  if (typeof dumpSchema !== 'function') throw new Error('dump-schema.mjs exports no dumpSchema');
  const database = await createDatabase();
  const client = new Client({ connectionString: database.url });
  await client.connect();
  const schema: unknown = await Reflect.apply(dumpSchema, undefined, [client]);
  await client.end();
  await database.drop();
  expect(schema).toBe(readFileSync(join(PROJECT_FOLDER, 'src/database/schema.sql'), 'utf8'));
});

/** Covers the SQL statements only: comments and line breaks may change. */
function digestOfBaseline(): string {
  const hash = createHash('sha256');
  for (const { name, text } of readSchemaFiles()) {
    hash.update(`${name}\n${text.replaceAll(/--.*$/gm, '').replaceAll(/\s+/g, ' ')}\n`);
  }
  return hash.digest('hex');
}

it('the baseline migration has not changed; otherwise see CONTRIBUTING.md, "Changing the schema"', () => {
  expect([Baseline1795231600000.name, digestOfBaseline()]).toEqual([
    'Baseline1795231600000',
    '7f4ea589aaffd9d1aef58739a30869eb2ec439dc52eea88b4de3b082c96d5d9d',
  ]);
});
