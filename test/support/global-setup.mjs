import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';

const PROJECT_FOLDER = join(import.meta.dirname, '..', '..');
const LAUNCHER = join(PROJECT_FOLDER, 'dist', 'embedded-postgres', 'embedded-postgres.js');
const MIGRATION = join(PROJECT_FOLDER, 'dist', 'cli', 'migrate.js');
const TEMPLATE = 'template_gateway';

/** Test data need not survive a power cut, so PostgreSQL runs without durability. */
const SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=200'];

/** Starts one PostgreSQL for the whole run, with a template database that has the application's migrations. */
export default async function globalSetup() {
  for (const file of [LAUNCHER, MIGRATION]) {
    if (!existsSync(file)) throw new Error(`${file} does not exist: run \`npm run build\` first, or \`npm test\``);
  }
  const folder = mkdtempSync(join(tmpdir(), 'gateway-tests-'));
  // When the tests run as root, the server runs as another user, who must be able to enter the folder.
  chmodSync(folder, 0o755);
  removeAtExit(folder);
  mkdirSync(join(folder, 'logs'));
  const { startEmbeddedPostgres } = await import(LAUNCHER);
  const server = await startEmbeddedPostgres({ dataDir: join(folder, 'database'), flags: SETTINGS });
  globalThis.testServer = server;
  await createTemplate(server);
  process.env.TEST_LOG_DIR = join(folder, 'logs');
  process.env.TEST_DATABASE_URL = server.url;
  process.env.TEST_DATABASE_ADMIN_URL = server.migrationUrl;
  process.env.TEST_DATABASE_TEMPLATE = TEMPLATE;
}

/** The template belongs to the migrating role. The application's grants are inside it, so every clone has them. */
async function createTemplate(server) {
  const client = new pg.Client({ connectionString: server.migrationUrl });
  await client.connect();
  try {
    await client.query(`create database ${TEMPLATE}`);
    const inTemplate = (url) => Object.assign(new URL(url), { pathname: `/${TEMPLATE}` }).href;
    await migrate({
      DATABASE_URL: inTemplate(server.url),
      DATABASE_MIGRATION_URL: inTemplate(server.migrationUrl),
    });
    // One open connection to a template would make every clone fail.
    await client.query(`alter database ${TEMPLATE} with is_template true allow_connections false`);
  } finally {
    await client.end();
  }
}

async function migrate(urls) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...urls };
  try {
    await promisify(execFile)(process.execPath, [MIGRATION], { cwd: PROJECT_FOLDER, env });
  } catch (error) {
    throw new Error(`the migrations failed:\n${error.stdout ?? ''}${error.stderr ?? error.message}`, { cause: error });
  }
}

/** Removes the server and the folder at every end of the run except SIGKILL. */
function removeAtExit(folder) {
  for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
    process.once(signal, () => process.exit(code));
  }
  process.once('exit', () => {
    try {
      const pidFile = join(folder, 'database', 'postgres', 'data', 'postmaster.pid');
      if (existsSync(pidFile)) process.kill(Number.parseInt(readFileSync(pidFile, 'utf8'), 10), 'SIGQUIT');
      waitUntilRemoved(pidFile);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    } catch (error) {
      process.stderr.write(`${folder} could not be removed: ${error.message}\n`);
    }
  });
}

/**
 * Blocks until the file is gone: the server removes its pid file last, and an exiting process runs no asynchronous
 * code.
 */
function waitUntilRemoved(file) {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (let waitedMs = 0; existsSync(file) && waitedMs < 3_000; waitedMs += 20) Atomics.wait(clock, 0, 0, 20);
}
