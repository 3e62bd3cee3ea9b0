import { Client } from 'pg';
import { createDatabase, type TestDatabase } from '../../support/database.js';
import { ENCRYPTION_KEY } from '../../support/gateway.js';
import { startProcess } from '../../support/processes.js';
import { eventually } from '../../support/wait.js';

const MIGRATION_LOCK = 4_217_001;

/** Sends SIGTERM to the process itself when the application begins to load, long before anything is started. */
const STOP_WHILE_LOADING = `
  import { registerHooks } from 'node:module';
  registerHooks({
    load(url, context, next) {
      if (url.endsWith('/boot/start.js')) process.kill(process.pid, 'SIGTERM');
      return next(url, context);
    },
  });`;

let database: TestDatabase;
let other: Client;

beforeEach(async () => {
  database = await createDatabase();
  other = new Client({ connectionString: database.adminUrl });
  await other.connect();
});
afterEach(async () => {
  await other.end();
  await database.drop();
});

it('a signal while the application is loading ends it, also without the default action of the system', async () => {
  const preload = `data:text/javascript,${encodeURIComponent(STOP_WHILE_LOADING)}`;
  const child = startProcess('main.js', {
    NODE_OPTIONS: `--import=${preload}`,
    DATABASE_URL: database.url,
    ENCRYPTION_KEY,
  });
  expect(await child.exited).toEqual({ code: 0, signal: null });
});

it.each<[string, string, number]>([
  ['the gateway', 'main.js', 0],
  ['migrate.js', 'cli/migrate.js', 143],
])('a signal ends %s while another instance migrates', async (_what, script, code) => {
  await other.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
  const child = startProcess(script, { DATABASE_URL: database.url, ENCRYPTION_KEY, PORT: '0', SANDBOX_PORT: '0' });
  await waitsForLock();
  child.signal('SIGTERM');
  expect(await child.exited).toEqual({ code, signal: null });
});

async function waitsForLock(): Promise<void> {
  const waiting = `
    select from pg_locks where locktype = 'advisory' and not granted
    and database = (select oid from pg_database where datname = current_database())`;
  await eventually(
    15_000,
    async () => (await other.query(waiting)).rowCount,
    (count) => count === 1,
  );
}
