import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

const FOLDER = join(import.meta.dirname, 'schema');

export interface SchemaFile {
  /** The path inside src/database/schema, e.g. `2-tables/ledger.sql`. */
  readonly name: string;
  readonly text: string;
}

/** All files under src/database/schema in the order of their paths. A new file needs no entry in any list. */
export function readSchemaFiles(): SchemaFile[] {
  const names = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.sql'))
    .map((name) => name.replaceAll(sep, '/'))
    .toSorted();
  return names.map((name) => ({ name, text: readFileSync(join(FOLDER, name), 'utf8') }));
}
