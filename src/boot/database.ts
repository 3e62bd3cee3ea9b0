import type { DataSource } from 'typeorm';
import { PROVIDER_ENTITIES } from '../providers/declared.js';
import { ACCESS_ENTITIES } from '../access/entities.js';
import type { Config } from '../config/config.js';
import { clockSkewMs, MAX_CLOCK_SKEW_MS } from '../database/clock.js';
import { createDataSource, poolOf } from '../database/data-source.js';
import { Database } from '../database/database.js';
import { startEmbeddedPostgres } from '../embedded-postgres/embedded-postgres.js';
import { changeableTables } from '../database/grants.js';
import { MIGRATION_HINT, migrateSchema } from '../database/migrate-schema.js';
import { logger } from '../common/log.js';
import type { Shutdown } from './shutdown.js';
import { step } from './step.js';

interface Urls {
  readonly url: string;
  readonly migrationUrl: string | null;
}

/** Opens the configured or the embedded database, migrates it, and checks its clock and the privileges of our role. */
export async function openDatabase(
  config: Config,
  shutdown: Shutdown,
): Promise<{ source: DataSource; warnings: readonly string[] }> {
  const { url, migrationUrl } = await findDatabase(config, shutdown);
  shutdown.throwIfRequested();
  await step(
    'migrate its database',
    config.databaseUrl === null
      ? `Check ${config.dataDir}, or set DATABASE_URL to use your own PostgreSQL server.`
      : MIGRATION_HINT,
    () => migrateSchema(url, migrationUrl, config.readerRole),
  );
  const source = createDataSource(url, [...ACCESS_ENTITIES, ...PROVIDER_ENTITIES]);
  const hint =
    'It was reachable a moment ago. Start again. A connection pooler must accept the startup parameter statement_timeout.';
  await step('reach its database', hint, () => source.initialize());
  shutdown.add('the database connections', () => source.destroy());
  const database = new Database(poolOf(source));
  await step("compare its clock with the database's", 'Synchronize both clocks, e.g. with NTP, then start again.', () =>
    compareClocks(database),
  );
  return { source, warnings: warningsOf(await changeableTables(database)) };
}

async function findDatabase(config: Config, shutdown: Shutdown): Promise<Urls> {
  if (config.databaseUrl !== null) return { url: config.databaseUrl, migrationUrl: config.migrationUrl };
  const hint = 'Set DATABASE_URL to use your own PostgreSQL server.';
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
    `The gateway's database role can change append-only tables (${changeable.join(', ')}); only triggers prevent it. Set ` +
      "DATABASE_MIGRATION_URL to the owner's URL, and DATABASE_URL to that of a role that owns nothing.",
  ];
}
