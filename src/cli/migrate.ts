import 'reflect-metadata';
import { EnvironmentReader } from '../config/reader.js';
import { migrateSchema } from '../database/migrate-schema.js';

/**
 * `node dist/cli/migrate.js` migrates the database of `DATABASE_URL` and exits. It uses the role of
 * `DATABASE_MIGRATION_URL` when that is set. `DATABASE_READER_ROLE` gets read access to the data for reports.
 */
const read = new EnvironmentReader(process.env);
const migrationUrl = read.text('DATABASE_MIGRATION_URL');
const url = read.text('DATABASE_URL') ?? migrationUrl;
if (url === null || read.errors.length > 0) {
  const unset = 'DATABASE_URL is not set. Set it to the database to migrate, e.g. postgres://user@host:5432/loyalty';
  process.stderr.write(`${read.errors.join('\n') || unset}\n`);
  process.exit(78);
}
await migrateSchema(url, migrationUrl, read.text('DATABASE_READER_ROLE'));
