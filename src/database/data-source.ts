import { DataSource } from 'typeorm';
import { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { Pool } from 'pg';
import { Foundation1795219200000 } from './migrations/0001-foundation.js';
import { LoyaltyLayer1795219500000 } from './migrations/0004-loyalty-layer.js';
import { Funds1795219600000 } from './migrations/0005-funds.js';
import { Batches1795220100000 } from './migrations/0010-batches.js';
import { Reconciliation1795220400000 } from './migrations/0030-reconciliation.js';
import { EveryNight1795220500000 } from './migrations/0031-every-night.js';
import { NoStatementLines1795220600000 } from './migrations/0032-no-statement-lines.js';
import { Analyse1795226000000 } from './migrations/0033-analyse.js';
import { QuotaTurns1795220200000 } from './migrations/0011-quota-turns.js';
import { Seals1795220250000 } from './migrations/0020-seals.js';
import { Privacy1795223000000 } from './migrations/0040-privacy.js';
import { Late1795223100000 } from './migrations/0041-late.js';
import { LedgerGuards1795224400000 } from './migrations/0044-ledger-guards.js';
import { ToldBalances1795224000000 } from './migrations/0050-told-balances.js';
import { RateByIndex1795224100000 } from './migrations/0051-rate-by-index.js';
import { OpenCounts1795225500000 } from './migrations/0055-open-counts.js';
import { LeanBackground1795225000000 } from './migrations/0052-lean-background.js';
import { Admission1795225100000 } from './migrations/0053-admission.js';
import { GenericPlans1795225600000 } from './migrations/0056-generic-plans.js';
import { ToldCurrencies1795225700000 } from './migrations/0057-told-currencies.js';
import { ReadsYield1795225800000 } from './migrations/0058-reads-yield.js';
import { StatementMemory1795225900000 } from './migrations/0059-statement-memory.js';
import { Catalogue1795226060000 } from './migrations/0060-catalogue.js';
import { Claims1795226100000 } from './migrations/0061-claims.js';
import { EncryptionKeyCheck1795226300000 } from './migrations/0063-encryption-key-check.js';
import { SecondLook1795226400000 } from './migrations/0064-second-look.js';
import { BadLineCells1795226500000 } from './migrations/0065-bad-line-cells.js';
import { AuditAddresses1795227000000 } from './migrations/0066-audit-addresses.js';
import { readTimestampsFast } from './timestamps.js';

const POOL_SIZE = 20;
const CONNECT_TIMEOUT_MS = 5_000;
/** No statement may take longer; the server ends it. */
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
    migrations: [
      Foundation1795219200000,
      LoyaltyLayer1795219500000,
      Funds1795219600000,
      Batches1795220100000,
      QuotaTurns1795220200000,
      Seals1795220250000,
      Reconciliation1795220400000,
      EveryNight1795220500000,
      NoStatementLines1795220600000,
      Privacy1795223000000,
      Late1795223100000,
      ToldBalances1795224000000,
      LedgerGuards1795224400000,
      RateByIndex1795224100000,
      OpenCounts1795225500000,
      LeanBackground1795225000000,
      Admission1795225100000,
      GenericPlans1795225600000,
      ToldCurrencies1795225700000,
      ReadsYield1795225800000,
      StatementMemory1795225900000,
      Analyse1795226000000,
      Catalogue1795226060000,
      Claims1795226100000,
      EncryptionKeyCheck1795226300000,
      SecondLook1795226400000,
      BadLineCells1795226500000,
      AuditAddresses1795227000000,
    ],
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

/** The driver's own pool: TypeORM and the hand-written SQL share one set of connections. */
export function poolOf(source: DataSource): Pool {
  const pool: unknown = source.driver instanceof PostgresDriver ? source.driver.master : null;
  if (!(pool instanceof Pool)) throw new Error('the data source has no pool of PostgreSQL');
  return pool;
}
