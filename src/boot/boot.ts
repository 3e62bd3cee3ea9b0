import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DataSource } from 'typeorm';
import { ACCESS_ENTITIES } from '../access/entities.js';
import { createAdapter } from '../api/adapter.js';
import { serveDocument } from '../api/document.js';
import { Lifecycle } from '../api/lifecycle.js';
import { AppModule } from '../app.module.js';
import type { Config } from '../config.js';
import { clockSkewMs, MAX_CLOCK_SKEW_MS } from '../database/clock.js';
import { createDataSource, migrate, poolOf } from '../database/data-source.js';
import { Database } from '../database/database.js';
import { startEmbeddedPostgres } from '../database/embedded/embedded-postgres.js';
import { logger, NestLogger } from '../log.js';
import { collectProcessMetrics } from '../metrics.js';
import { showBanner } from './banner.js';
import { findEncryptionKey } from './encryption-key.js';
import { startProviders } from './providers.js';
import { seed } from './seed.js';
import type { Shutdown } from './shutdown.js';
import { step, StartError } from './step.js';

/** After the work under way has had its grace, silent connections have this long. */
const CONNECTIONS_GRACE_MS = 3_000;

/** Starts everything that the configuration asks for, in order; each part tells the shutdown how to end it. */
export async function boot(settings: Config, warnings: readonly string[], shutdown: Shutdown): Promise<void> {
  const source = await openDatabase(settings, shutdown);
  const withKey = settings.databaseUrl === null ? await addKey(settings, source) : settings;
  goOn(shutdown);
  const config = await startProviders(withKey, shutdown);
  goOn(shutdown);
  const lifecycle = new Lifecycle();
  const app = await step('set up its modules', 'This is a defect: report it with this text.', () =>
    createApp(config, source, lifecycle),
  );
  const seeded = await step('store the first operator', 'Check that the database can be written to.', () =>
    seed(app, config),
  );
  goOn(shutdown);
  await listen(app, config);
  shutdown.add('the server', () => closeApp(app, config, lifecycle));
  shutdown.started();
  for (const warning of [...warnings, ...seeded.warnings]) logger.warn({ warning }, 'configuration');
  showBanner({ config, url: await app.getUrl(), warnings: [...warnings, ...seeded.warnings], seeded });
}

function goOn(shutdown: Shutdown): void {
  if (shutdown.isRequested) throw new StartError('Stopped while starting.');
}

async function openDatabase(config: Config, shutdown: Shutdown): Promise<DataSource> {
  const url = config.databaseUrl ?? (await startDatabase(config, shutdown));
  goOn(shutdown);
  const source = createDataSource(url, ACCESS_ENTITIES);
  const hint =
    config.databaseUrl === null
      ? `Look into ${config.dataDir}, or set DATABASE_URL to use a PostgreSQL server of your own.`
      : 'Check DATABASE_URL: host, port, user, password, database, and that the server runs and lets this host in.';
  await step('reach its database', hint, () => source.initialize());
  shutdown.add('the database connections', () => source.destroy());
  await step(
    'bring its database up to date',
    'The user of DATABASE_URL must own the schema (PostgreSQL 15 or newer).',
    () => migrate(source),
  );
  await step("compare its clock with the database's", 'Set both clocks, e.g. with NTP; then start again.', async () => {
    const skewMs = await clockSkewMs(new Database(poolOf(source)));
    if (Math.abs(skewMs) <= MAX_CLOCK_SKEW_MS) return;
    const direction = skewMs > 0 ? 'ahead of' : 'behind';
    throw new Error(`this machine is ${(Math.abs(skewMs) / 1000).toFixed(1)} s ${direction} the database`);
  });
  return source;
}

async function startDatabase(config: Config, shutdown: Shutdown): Promise<string> {
  const hint = 'Set DATABASE_URL to use a PostgreSQL server of your own.';
  const server = await step('start the embedded PostgreSQL', hint, () =>
    startEmbeddedPostgres({ dataDir: config.dataDir, log: (line) => logger.info({ context: 'postgres' }, line) }),
  );
  shutdown.add('the embedded PostgreSQL', () => server.stop());
  return server.url;
}

async function addKey(config: Config, source: DataSource): Promise<Config> {
  const encryptionKey = await step('find its encryption key', `Check ${config.dataDir} and its permissions.`, () =>
    findEncryptionKey(config, source),
  );
  return config.with({ encryptionKey });
}

async function createApp(config: Config, source: DataSource, lifecycle: Lifecycle): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.register({ config, source, lifecycle }),
    createAdapter(lifecycle),
    { abortOnError: false, bodyParser: false, logger: new NestLogger() },
  );
  collectProcessMetrics();
  serveDocument(app);
  return app;
}

async function listen(app: NestFastifyApplication, { host, port }: Config): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const hints: Record<string, string> = {
      EADDRINUSE: `Port ${port} is taken (EADDRINUSE): stop what listens there, or choose another port with PORT.`,
      EACCES: `Port ${port} may not be used by this user (EACCES): choose one above 1023 with PORT.`,
      EADDRNOTAVAIL: `This machine has no address ${host} (EADDRNOTAVAIL): correct HOST.`,
      ENOTFOUND: `There is no host ${host} (ENOTFOUND): correct HOST.`,
    };
    const hint = hints[String(code)];
    if (hint === undefined) throw error;
    throw new StartError(`The gateway could not listen on ${host}. ${hint}`, { cause: error });
  }
}

async function closeApp(app: NestFastifyApplication, config: Config, lifecycle: Lifecycle): Promise<void> {
  lifecycle.drain();
  const timer = setTimeout(
    () => app.getHttpServer().closeAllConnections(),
    config.shutdownGraceMs + CONNECTIONS_GRACE_MS,
  );
  timer.unref();
  await app.close();
  clearTimeout(timer);
}
