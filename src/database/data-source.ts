import { DataSource } from 'typeorm';
import { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { Pool } from 'pg';
import { Baseline1795231600000 } from './migrations/1795231600000-baseline.js';
import { readTimestampsFast } from './timestamps.js';

/** The migrations in the order in which they run. An import rule fails for a migration that is not in this list. */
const MIGRATIONS = [Baseline1795231600000];
const POOL_SIZE = 20;
const CONNECT_TIMEOUT_MS = 5_000;
/** The server cancels a statement that takes longer. */
const STATEMENT_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_DELAY_MS = 10_000;

export function createDataSource(
  url: string,
  entities: readonly (new () => object)[] = [],
  statementTimeoutMs = STATEMENT_TIMEOUT_MS,
): DataSource {
  readTimestampsFast();
  return new DataSource({
    type: 'postgres',
    url,
    entities: [...entities],
    migrations: MIGRATIONS,
    migrationsTransactionMode: 'each',
    installExtensions: false,
    poolSize: POOL_SIZE,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    applicationName: 'loyalty-gateway',
    extra: {
      statement_timeout: statementTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    },
  });
}

/** The driver's pool. TypeORM and the hand-written SQL share its connections. */
export function poolOf(source: DataSource): Pool {
  const pool: unknown = source.driver instanceof PostgresDriver ? source.driver.master : null;
  if (!(pool instanceof Pool)) throw new Error('the data source has no PostgreSQL pool');
  return pool;
}
