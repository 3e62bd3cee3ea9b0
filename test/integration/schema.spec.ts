import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { createDatabase } from '../support/database.js';

const PROJECT_FOLDER = join(import.meta.dirname, '..', '..');

it('the migrations, up from empty, give exactly the schema in src/database/schema.sql', async () => {
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
