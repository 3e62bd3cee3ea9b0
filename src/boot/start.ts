import 'reflect-metadata';
import { ConfigError, readConfig } from '../config/config.js';
import type { Environment } from '../config/reader.js';
import { describeError, logger } from '../common/log.js';
import { boot } from './boot.js';
import { Shutdown } from './shutdown.js';
import { StartError } from './step.js';

/** EX_CONFIG of sysexits.h. */
const EXIT_CONFIG = 78;
const EXIT_FAILURE = 1;

/** Starts the gateway. A failure is written to stderr; the exit code is 78 for the configuration, otherwise 1. */
export async function start(environment: Environment): Promise<void> {
  const shutdown = new Shutdown();
  exitOnDefects();
  try {
    const { config, warnings } = readConfig(environment);
    logger.level = config.logLevel;
    shutdown.onSignals(config.shutdownGraceMs);
    await boot({ config, environment, warnings }, shutdown);
  } catch (error) {
    await shutdown.cleanUp();
    if (shutdown.isRequested) return shutdown.exit(0);
    process.stderr.write(`${messageOf(error)}\n`);
    shutdown.exit(error instanceof ConfigError ? EXIT_CONFIG : EXIT_FAILURE);
  }
}

function messageOf(error: unknown): string {
  if (error instanceof ConfigError || error instanceof StartError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/**
 * Exits on uncaught errors, because the state of the process is unknown. The next process recovers from the database.
 */
function exitOnDefects(): void {
  const die = (kind: string) => (error: unknown) => {
    const frames = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : [];
    logger.fatal({ kind, ...describeError(error), stack: frames.slice(0, 8).map((line) => line.trim()) }, 'defect');
    process.exit(EXIT_FAILURE);
  };
  process.on('uncaughtException', die('uncaughtException'));
  process.on('unhandledRejection', die('unhandledRejection'));
}
