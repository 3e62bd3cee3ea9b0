import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DataSource } from 'typeorm';
import { createAdapter } from '../api/adapter.js';
import { serveDocument } from '../api/document.js';
import { Lifecycle } from '../api/lifecycle.js';
import { AppModule } from '../app.module.js';
import type { Config } from '../config/config.js';
import type { Environment } from '../config/reader.js';
import { poolOf } from '../database/data-source.js';
import { Database } from '../database/database.js';
import { logger, NestLogger } from '../common/log.js';
import { collectProcessMetrics } from '../common/metrics.js';
import { showBanner } from './banner.js';
import { openDatabase } from './database.js';
import { findEncryptionKey } from './encryption-key.js';
import { checkEncryptionKey } from './key-check.js';
import { startProviders } from './providers.js';
import { seed } from './seed.js';
import type { Shutdown } from './shutdown.js';
import { step, StartError } from './step.js';
import { errorCode } from '../readers/error-code.js';

/** Time for silent connections after the grace period of the work in progress. */
const CONNECTIONS_GRACE_MS = 3_000;

export interface Start {
  readonly config: Config;
  readonly environment: Environment;
  readonly warnings: readonly string[];
}

/** Starts all configured parts in order. Each part registers with `shutdown` how it is stopped. */
export async function boot({ config: settings, environment, warnings }: Start, shutdown: Shutdown): Promise<void> {
  const { source, warnings: ofDatabase } = await openDatabase(settings, shutdown);
  const withKey = await addKey(settings, source);
  shutdown.throwIfRequested();
  const config = await startProviders(withKey, environment, shutdown);
  shutdown.throwIfRequested();
  const lifecycle = new Lifecycle();
  const app = await step('set up its modules', 'This is a defect. Report it with this text.', () =>
    createApp(config, source, lifecycle),
  );
  const seeded = await step('store the first operator', 'Check that the database can be written to.', () =>
    seed(app, config),
  );
  shutdown.throwIfRequested();
  await listen(app, config);
  shutdown.add('the server', () => closeApp(app, config, lifecycle));
  shutdown.markStarted();
  const all = [...warnings, ...ofDatabase, ...seeded.warnings];
  for (const warning of all) logger.warn({ warning }, 'configuration');
  if (config.outboundProxy) logger.info({ proxy: new URL(config.outboundProxy.url).host }, 'providers behind a proxy');
  showBanner({ config, url: await app.getUrl(), warnings: all, seeded });
}

/** Finds and checks the encryption key, before anything is encrypted or served. */
async function addKey(settings: Config, source: DataSource): Promise<Config> {
  const database = new Database(poolOf(source));
  const found = await step('find its encryption key', `Check ${settings.dataDir} and its permissions.`, () =>
    findEncryptionKey(settings, database),
  );
  await step('check its encryption key', 'Check that the database can be written to.', () =>
    checkEncryptionKey(database, found),
  );
  return settings.with({ encryptionKey: found.key });
}

async function createApp(config: Config, source: DataSource, lifecycle: Lifecycle): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.register({ config, source, lifecycle }),
    createAdapter(lifecycle, config),
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
    const hints: Record<string, string> = {
      EADDRINUSE: `Port ${port} is in use (EADDRINUSE). Stop the program that uses it, or choose another port with PORT.`,
      EACCES: `This user may not use port ${port} (EACCES). Choose a port above 1023 with PORT.`,
      EADDRNOTAVAIL: `This machine has no address ${host} (EADDRNOTAVAIL). Correct HOST.`,
      ENOTFOUND: `The host ${host} does not exist (ENOTFOUND). Correct HOST.`,
    };
    const hint = hints[errorCode(error) ?? ''];
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
