import type { DataSource } from 'typeorm';
import { PROVIDER_ENTITIES } from '../providers/declared.js';
import { ACCESS_ENTITIES } from '../access/entities.js';
import type { Config } from '../config/config.js';
import { clockSkewMs, MAX_CLOCK_SKEW_MS } from '../database/clock.js';
import { createDataSource, poolOf } from '../database/data-source.js';
import { Database } from '../database/database.js';
import { startEmbeddedPostgres } from '../embedded-postgres/embedded-postgres.js';
import { changeableTables } from '../database/grants.js';
import { migrateSchema } from '../database/migrate-schema.js';
import { logger } from '../common/log.js';
import type { Shutdown } from './shutdown.js';
import { step } from './step.js';

interface Urls {
  readonly url: string;
  readonly migrationUrl: string | null;
}

/** The configured database, or the embedded one: reachable, up to date, with a clock like ours, and guarded. */
export async function openDatabase(
  config: Config,
  shutdown: Shutdown,
): Promise<{ source: DataSource; warnings: readonly string[] }> {
  const { url, migrationUrl } = await findDatabase(config, shutdown);
  shutdown.goOn();
  await step(
    'bring its database up to date',
    config.databaseUrl === null
      ? `Look into ${config.dataDir}, or set DATABASE_URL to use a PostgreSQL server of your own.`
      : 'Check DATABASE_URL and DATABASE_MIGRATION_URL: host, port, user, password, database, and that the server runs ' +
          'and lets this host in. The user of the second, or without that of the first, must own the schema ' +
          '(PostgreSQL 15 or newer).',
    () => migrateSchema(url, migrationUrl, config.readerRole),
  );
  const source = createDataSource(url, [...ACCESS_ENTITIES, ...PROVIDER_ENTITIES]);
  await step('reach its database', 'It was there a moment ago: start again.', () => source.initialize());
  shutdown.add('the database connections', () => source.destroy());
  const database = new Database(poolOf(source));
  await step("compare its clock with the database's", 'Set both clocks, e.g. with NTP; then start again.', () =>
    compareClocks(database),
  );
  return { source, warnings: warningsOf(await changeableTables(database)) };
}

async function findDatabase(config: Config, shutdown: Shutdown): Promise<Urls> {
  if (config.databaseUrl !== null) return { url: config.databaseUrl, migrationUrl: config.migrationUrl };
  const hint = 'Set DATABASE_URL to use a PostgreSQL server of your own.';
  const server = await step('start the embedded PostgreSQL', hint, () =>
    startEmbeddedPostgres({ dataDir: config.dataDir, log: (line) => logger.info({ context: 'postgres' }, line) }),
  );
  shutdown.add('the embedded PostgreSQL', () => server.stop());
  return server;
}

async function compareClocks(database: Database): Promise<void> {
  const skewMs = await clockSkewMs(database);
  if (Math.abs(skewMs) <= MAX_CLOCK_SKEW_MS) return;
  const direction = skewMs > 0 ? 'ahead of' : 'behind';
  throw new Error(`this machine is ${(Math.abs(skewMs) / 1000).toFixed(1)} s ${direction} the database`);
}

function warningsOf(changeable: readonly string[]): string[] {
  if (changeable.length === 0) return [];
  return [
    `The gateway's database role may change what is append-only (${changeable.join(', ')}): triggers alone keep it from ` +
      "that. Set DATABASE_MIGRATION_URL to the owner's URL, and DATABASE_URL to that of a role that owns nothing.",
  ];
}
