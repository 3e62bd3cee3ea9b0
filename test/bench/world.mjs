import { fork, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { cpuSecondsOf, familyCpuSeconds, machineCpuSeconds, parentOf } from './machine.mjs';

/* All programs of a run: a PostgreSQL with full durability, the provider stub, the load generator and the sides. */

const DIST = join(import.meta.dirname, '..', '..', 'dist');
const ADMIN = { username: 'admin', password: 'admin-password-of-the-bench' };
export const SEEDED_APP = '01900000-0000-7000-8000-000000000001';
const BUSY_ELSEWHERE = 0.15;
const SEED_PART_ROWS = 250_000;
const SECOND_MS = 1_000;
/** Age of the oldest seeded row. Rows older than 30 days would be purged during the measurement. */
const SEEDED_MS = 25 * 86_400_000;
/** Age of the newest seeded row, so that no seeded row is a possible duplicate or still in progress. */
const SEEDED_UNTIL_MS = 3_600_000;
/** All indexes except those of primary keys. */
const SEEDED_INDEXES = `
select indexname as name, indexdef as text from pg_indexes i
where tablename in ('transactions', 'transaction_events', 'ledger_entries')
  and not exists (select from pg_constraint c where c.conname = i.indexname)`;
/** The Node flags of `npm start`. */
export const GATEWAY_FLAGS = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  .scripts.start.split(' ')
  .filter((part) => part.startsWith('--'));

export function basic({ username, password }) {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** The `Authorization` header of the first operator of every gateway. */
export const OPERATOR = basic(ADMIN);

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what, probe, timeoutMs = 60_000) {
  const giveUpAt = performance.now() + timeoutMs;
  while (!(await probe())) {
    if (performance.now() > giveUpAt) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await sleep(20);
  }
}

export function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export class World {
  constructor() {
    this.children = new Set();
    this.folder = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
    chmodSync(this.folder, 0o755);
    // Removes everything when a signal stops the run.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.once(signal, () => void this.close().finally(() => process.exit(1)));
    }
  }

  async open(seededRows) {
    const { startEmbeddedPostgres } = await import(join(DIST, 'embedded-postgres/embedded-postgres.js'));
    this.simulated = (await import(join(DIST, 'sandbox/providers.js'))).PROVIDERS;
    this.server = await startEmbeddedPostgres({
      dataDir: this.folder,
      flags: [
        ...(process.env.BENCH_FLAGS?.split(' ') ?? []),
        'max_connections=300',
        'shared_buffers=512MB',
        'max_wal_size=8GB',
      ],
    });
    const [{ pid }] = await this.sql(this.server.migrationUrl, 'select pg_backend_pid() as pid', (row) => row.pid);
    this.postmaster = pid;
    this.stub = this.fork('provider-stub.mjs', [], {});
    this.providerPort = (await this.message(this.stub)).port;
    this.load = this.fork('load.mjs', [], {});
    await this.message(this.load);
    this.template = await this.seed('seeded', seededRows);
    await this.seal(this.urlOf(this.template));
  }

  async close() {
    for (const child of this.children) child.kill('SIGKILL');
    await this.server?.stop({ evenIfInUse: true });
    rmSync(this.folder, { recursive: true, force: true });
  }

  /**
   * Runs one statement, or several without values, on a new connection. The first call also finds the server's process.
   */
  async sql(url, text) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const { rows } = await client.query(text);
      if (text.includes('pg_backend_pid')) return [{ pid: parentOf(rows[0].pid) }];
      return rows ?? [];
    } finally {
      await client.end();
    }
  }

  /** The URL of a database with the owner's role. */
  urlOf(name) {
    return inDatabase(this.server.migrationUrl, name);
  }

  /** The same URL with the gateway's role. */
  asApplication(url) {
    return inDatabase(this.server.url, new URL(url).pathname.slice(1));
  }

  /** Makes an analyzed database with `rows` transactions of one app. Other databases are copies of it. */
  async seed(name, rows) {
    await this.sql(this.server.migrationUrl, `create database ${name}`);
    const url = this.urlOf(name);
    const migrating = spawn(process.execPath, [join(DIST, 'cli/migrate.js')], {
      env: { PATH: process.env.PATH, DATABASE_URL: this.asApplication(url), DATABASE_MIGRATION_URL: url },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await new Promise((resolve) => migrating.once('exit', resolve));
    const run = (file, values) => {
      const text = readFileSync(join(import.meta.dirname, file), 'utf8').replaceAll(':app', `'${SEEDED_APP}'`);
      return this.sql(
        url,
        Object.entries(values).reduce((all, [key, value]) => all.replaceAll(`:${key}`, String(value)), text),
      );
    };
    await run('seed.sql', {});
    const step = Math.min(SECOND_MS, SEEDED_MS / rows);
    // Creates the indexes after all rows, which takes a fraction of the time.
    const indexes = await this.sql(url, SEEDED_INDEXES);
    for (const { name: index } of indexes) await this.sql(url, `drop index ${index}`);
    await byTwo(Math.ceil(rows / SEED_PART_ROWS), (part) => {
      const from = part * SEED_PART_ROWS;
      const to = Math.min(from + SEED_PART_ROWS, rows);
      return run('seed-rows.sql', { from: from + 1, to, step, age: SEEDED_UNTIL_MS + rows * step });
    });
    await byTwo(indexes.length, (at) => this.sql(url, `set maintenance_work_mem = '512MB'; ${indexes[at].text}`));
    await this.sql(url, 'vacuum (analyze)');
    return name;
  }

  /** Seals the rows like the gateway. Otherwise the gateway would seal the backlog during the measurement. */
  async seal(url) {
    const [{ Sealer }, { Database }] = await Promise.all([
      import(join(DIST, 'ledger/chain/sealer.js')),
      import(join(DIST, 'database/database.js')),
    ]);
    const pool = new pg.Pool({ connectionString: url });
    const sealer = new Sealer(new Database(pool));
    for (let seal = await sealer.seal(); seal; seal = await sealer.seal());
    await pool.end();
  }

  async database(name, template = this.template) {
    await this.sql(this.server.migrationUrl, `create database ${name} template ${template} strategy file_copy`);
    return this.urlOf(name);
  }

  fork(file, args, env, options = {}) {
    const child = fork(join(import.meta.dirname, file), args, {
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: ['--max-semi-space-size=64'],
      ...options,
    });
    return this.keep(child);
  }

  keep(child) {
    this.children.add(child);
    child.once('exit', () => this.children.delete(child));
    return child;
  }

  message(child) {
    return new Promise((resolve, reject) => {
      const ended = (code) => reject(new Error(`${child.spawnargs.at(-1)} ended with ${code}`));
      child.once('exit', ended);
      child.once('message', (message) => {
        child.off('exit', ended);
        resolve(message);
      });
    });
  }

  async ask(child, question) {
    const answer = this.message(child);
    child.send(question);
    return answer;
  }

  async setProvider(settings) {
    return (await this.ask(this.stub, { set: settings })).arrivals;
  }

  /** Starts a baseline program, which prints its port when it listens. */
  async startSide(file, args, databaseUrl) {
    const child = this.fork(file, args, { DATABASE_URL: databaseUrl });
    const { port } = await this.message(child);
    return { child, port, authorization: 'none' };
  }

  /** Starts the built gateway like in production, with all features on. */
  async startGateway(databaseUrl, { env = {}, flags = [], port: fixed } = {}) {
    const port = fixed ?? (await freePort());
    const url = `http://127.0.0.1:${port}`;
    // All providers are the stub.
    const reach = Object.assign({}, ...this.simulated.map(({ env }) => env(`http://127.0.0.1:${this.providerPort}`)));
    const settings = { port, databaseUrl: this.asApplication(databaseUrl), reach, folder: this.folder };
    const child = spawn(process.execPath, [...GATEWAY_FLAGS, ...flags, join(DIST, 'main.js')], {
      env: { PATH: process.env.PATH, ...gatewayEnv(settings), ...env },
      // The gateway writes its log, but the output is discarded, so that only the cost of logging is measured.
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.keep(child);
    let said = '';
    child.stderr.on('data', (chunk) => (said += chunk));
    await until('the gateway is ready', async () => {
      if (child.exitCode !== null) throw new Error(said);
      return (await fetch(`${url}/health/ready`).catch(() => null))?.ok;
    });
    return { child, port, url, databaseUrl };
  }

  /** Starts a gateway and creates a key of the app that owns the seeded transactions. */
  async startGatewayWithKey(databaseUrl, options) {
    const gateway = await this.startGateway(databaseUrl, options);
    const key = await this.admin(gateway, `/v1/admin/apps/app_${SEEDED_APP}/keys`, {});
    return { ...gateway, authorization: basic({ username: key.keyId, password: key.secret }) };
  }

  async admin({ url }, path, body) {
    const headers = { authorization: OPERATOR, 'content-type': 'application/json' };
    const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  }

  /** Waits until every notification is applied. Each reported a waiting accrual. */
  async applied(url) {
    const left = `select from notifications where due_at is not null limit 1`;
    await until('all notifications are applied', async () => (await this.sql(url, left)).length === 0);
    const [other] = await this.sql(url, `select state from notifications where state <> 'applied' limit 1`);
    if (other) throw new Error(`a notification is ${other.state}: there were too few accruals`);
  }

  async stop({ child }, signal = 'SIGKILL') {
    if (child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  /**
   * Runs a job of the load generator against a side and waits until the side's background work is done. Measures its
   * CPU time. A disturbed run is repeated, at most twice.
   */
  async measure(side, job, { again = 2 } = {}) {
    const before = this.cpuOf(side);
    const begunAt = performance.now();
    const result = await this.drive(side, job);
    await side.finish?.();
    const after = this.cpuOf(side);
    const seconds = (side.finish ? performance.now() - begunAt : result.elapsedMs) / 1000;
    const elsewhere = (after.machine - before.machine - (after.ours - before.ours)) / seconds;
    if (elsewhere > BUSY_ELSEWHERE && again > 0) return this.measure(side, job, { again: again - 1 });
    const perRequest = (name) => ((after[name] - before[name]) * 1e6) / result.answered;
    return {
      perSecond: result.answered / seconds,
      ...result.latencies,
      nodeMicros: perRequest('node'),
      postgresMicros: perRequest('postgres'),
      elsewhere,
      result,
    };
  }

  async drive({ port, authorization }, job) {
    const { result, error } = await this.ask(this.load, { port, authorization, ...job });
    if (error) throw new Error(`${job.path ?? 'load'}: ${error}`);
    return result;
  }

  cpuOf({ child }) {
    const postgres = familyCpuSeconds(this.postmaster);
    const ours = postgres + familyCpuSeconds(process.pid);
    return { machine: machineCpuSeconds(), ours, postgres, node: cpuSecondsOf(child.pid) };
  }
}

/** Runs numbered pieces of work, two at a time. */
async function byTwo(count, work) {
  let next = 0;
  const one = async () => {
    while (next < count) {
      next += 1;
      await work(next - 1);
    }
  };
  await Promise.all([one(), one()]);
}

function inDatabase(url, name) {
  return Object.assign(new URL(url), { pathname: `/${name}` }).href;
}

function gatewayEnv({ port, databaseUrl, reach, folder }) {
  return {
    PORT: String(port),
    NODE_ENV: 'production',
    SANDBOX: 'false',
    DATABASE_URL: databaseUrl,
    ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
    ADMIN_USERNAME: ADMIN.username,
    ADMIN_PASSWORD: ADMIN.password,
    DATA_DIR: folder,
    ...reach,
    LATAM_PASS_ENVIRONMENT: 'production',
    LATAM_PASS_REQUESTS_PER_MINUTE: '10000000',
    LATAM_PASS_NOTIFICATION_USERNAME: 'bench',
    LATAM_PASS_NOTIFICATION_PASSWORD: 'bench',
    LATCOM_REQUESTS_PER_15_MINUTES: '10000000',
  };
}
