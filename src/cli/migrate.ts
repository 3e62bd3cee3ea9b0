import 'reflect-metadata';
import { exitOnSignals } from '../boot/early-signals.js';
import { StartError, step } from '../boot/step.js';
import { ConfigError } from '../config/config.js';
import { GATEWAY_VARIABLES } from '../config/gateway-variables.js';
import { EnvironmentReader } from '../config/reader.js';
import { MIGRATION_HINT, migrateSchema } from '../database/migrate-schema.js';

/** EX_CONFIG of sysexits.h. */
const EXIT_CONFIG = 78;
const EXIT_FAILURE = 1;

/**
 * `node dist/cli/migrate.js` migrates the database of `DATABASE_URL` and exits. It uses the role of
 * `DATABASE_MIGRATION_URL` when that is set. `DATABASE_READER_ROLE` gets read access to the data for reports.
 */
exitOnSignals();
const read = new EnvironmentReader(process.env, GATEWAY_VARIABLES);
const migrationUrl = read.text('DATABASE_MIGRATION_URL');
const url = read.text('DATABASE_URL') ?? migrationUrl;
const reader = read.text('DATABASE_READER_ROLE');
if (url === null || read.errors.length > 0) {
  const unset = 'DATABASE_URL is not set. Set it to the database to migrate, e.g. postgres://user@host:5432/loyalty';
  refuse([...new Set(read.errors)].join('\n') || unset);
}
try {
  await step('migrate its database', MIGRATION_HINT, () => migrateSchema(url, migrationUrl, reader));
} catch (error) {
  if (error instanceof ConfigError) refuse(error.message);
  if (!(error instanceof StartError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = EXIT_FAILURE;
}

function refuse(why: string): never {
  process.stderr.write(`${why}\n`);
  process.exit(EXIT_CONFIG);
}
