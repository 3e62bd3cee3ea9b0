import { fork } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';

/**
 * `npm run faults:latcom -- --count 2000 --seed 1`: buys top-ups under random faults through two gateways on one
 * database. One gateway or the other is killed with SIGKILL repeatedly. Afterwards the ledger is compared with the
 * effects of the sandbox. The exit code is 1 for a double execution, a false final status, a lost purchase, wrong
 * balances, or evidence with a wrong verdict. The seed decides the purchases; the timing of kills also depends on the
 * machine.
 */
const { values: options } = parseArgs({
  options: {
    count: { type: 'string', default: '2000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
  },
});
const COUNT = Number(options.count);
const SEED = Number(options.seed);
const CONNECTIONS = 24;
const PESOS = 10;
const KILL_EVERY_MS = 6_000;
const GIVE_UP_MS = 7 * 60_000;
const DIST = join(import.meta.dirname, '..', '..', 'dist');
const ADMIN = { username: 'admin', password: 'admin-password-of-the-faults' };

/** Ends of the sandbox's magic numbers; see src/sandbox/latcom/README.md. Numbers with a false refusal are left out. */
const FAULTS = [
  ...['005', '012', '013', '014', '051', '083', '091', '096', '077', '105', '191', '291', '296', '277'],
  ...['200', '201', '202', '203', '204', '307', '400', '401', '402', '403', '429', '500', '501', '502', '503', '504'],
  ...['600', '601', '602', '603', '604', '605', '607', '608', '609', '610'],
];
const FAULT_SHARE = 0.5;

/** Pseudo-random numbers from a seed (mulberry32). */
function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const children = new Set();
const folder = mkdtempSync(join(tmpdir(), 'gateway-faults-'));
chmodSync(folder, 0o755);

function start(script, env) {
  const child = fork(join(DIST, script), [], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

async function until(what, probe, timeoutMs = 60_000) {
  const giveUpAt = Date.now() + timeoutMs;
  while (Date.now() < giveUpAt) {
    const found = await probe().catch(() => undefined);
    if (found) return found;
    await sleep(100);
  }
  throw new Error(`${what}: not within ${timeoutMs} ms`);
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function basic({ username, password }) {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

async function json(url, { method = 'GET', body, headers = {} } = {}) {
  const signal = AbortSignal.timeout(40_000);
  const type = body ? { 'content-type': 'application/json' } : {};
  const answer = await fetch(url, {
    method,
    headers: { ...type, ...headers },
    body: body && JSON.stringify(body),
    signal,
  });
  return { status: answer.status, body: await answer.json() };
}

async function startSandbox() {
  const child = start('sandbox/main.js', {
    SANDBOX_HOST: '127.0.0.1',
    SANDBOX_PORT: '0',
    SANDBOX_UPSTREAM_DELAY_MS: '5,40',
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  const started = await until('the sandbox', async () => /^\{"sandbox":.*\}$/m.exec(output)?.[0]);
  return JSON.parse(started);
}

function gatewayEnv(server, reach) {
  return {
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    DATABASE_URL: server.url,
    DATABASE_MIGRATION_URL: server.migrationUrl,
    DATA_DIR: folder,
    ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
    ADMIN_USERNAME: ADMIN.username,
    ADMIN_PASSWORD: ADMIN.password,
    RATE_LIMIT_PER_MINUTE: '10000000',
    BREAKER_FAILURES: '100000',
    ...reach,
    LATCOM_TIMEOUT_MS: '1500',
    LATCOM_REQUESTS_PER_15_MINUTES: '10000000',
    LATCOM_BALANCE_SECONDS: '2',
  };
}

/** A gateway that can be killed and started again on the same port. */
async function startGateway(env) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child;
  const boot = async () => {
    child = start('main.js', { ...env, PORT: String(port) });
    child.stdout.resume();
    await until('the gateway', async () => (await fetch(`${url}/health/ready`)).ok);
  };
  await boot();
  const kill = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    await boot();
  };
  return { url, kill };
}

/** Repeats the same request with the same key until it is answered, like a partner. */
async function buy(gateways, authorization, { index, phoneNumber, first }) {
  const body = {
    reference: `faults-${SEED}-${index}`,
    phoneNumber,
    productId: 'MOVISTAR_TAE',
    amount: { value: `${PESOS}.00`, currency: 'MXN' },
    allowDuplicate: true,
  };
  const headers = { authorization, 'idempotency-key': `faults-${SEED}-${index}`, prefer: 'wait=3' };
  for (let tries = 0; ; tries += 1) {
    const { url } = gateways[(first + tries) % gateways.length];
    const answer = await json(`${url}/v1/topups`, { method: 'POST', body, headers }).catch(() => null);
    if (answer && answer.status < 300) return answer.body.id.slice('txn_'.length);
    if (answer && answer.status !== 503) throw new Error(`answered ${answer.status} ${JSON.stringify(answer.body)}`);
    await sleep(100);
  }
}

async function compare({ gateways, partner, sandbox, database, acknowledged }) {
  const { body: truth } = await json(`${sandbox}/_sandbox/effects?provider=latcom`);
  const executed = new Map();
  for (const { key } of truth.effects) executed.set(key, (executed.get(key) ?? 0) + 1);
  const { rows } = await database.query(`select id, status from transactions where type = 'topup'`);
  const statuses = new Map(rows.map((row) => [row.id, row.status]));
  const by = (status) => rows.filter((row) => row.status === status);
  const { rows: books } = await database.query(
    `select coalesce(sum(amount * case phase when 'hold' then 1 else -1 end), 0)::int as held,
       coalesce(sum(amount) filter (where phase = 'post'), 0)::int as posted from ledger_entries`,
  );
  const verdicts = { proven_delivered: 0, proven_not_delivered: 0, indeterminate: 0, contradictions: 0 };
  for (const { id } of by('unknown')) {
    const headers = { authorization: partner };
    const { body } = await json(`${gateways[0].url}/v1/transactions/txn_${id}/evidence`, { headers });
    verdicts[body.verdict] += 1;
    const happened = executed.has(id) ? 'proven_delivered' : 'proven_not_delivered';
    if (body.verdict !== 'indeterminate' && body.verdict !== happened) verdicts.contradictions += 1;
  }
  const states = Object.fromEntries(
    ['succeeded', 'failed', 'canceled', 'unknown', 'pending'].map((name) => [name, by(name).length]),
  );
  return {
    states,
    verdicts,
    executed: truth.effects.length,
    settledByItself: `${((100 * (states.succeeded + states.failed + states.canceled)) / rows.length).toFixed(1)} %`,
    wrong: {
      'executed more than once': [...executed.values()].filter((times) => times > 1).length,
      'succeeded, but never executed': by('succeeded').filter(({ id }) => !executed.has(id)).length,
      'failed or canceled, but executed': [...by('failed'), ...by('canceled')].filter(({ id }) => executed.has(id))
        .length,
      'executed, but not in the ledger': [...executed.keys()].filter((id) => !statuses.has(id)).length,
      'acknowledged, but not in the ledger': [...acknowledged].filter((id) => !statuses.has(id)).length,
      'recorded more than once': rows.length - acknowledged.size,
      'still pending': states.pending,
      'centavos held amiss': Math.abs(books[0].held - states.unknown * PESOS * 100),
      'centavos posted amiss': Math.abs(books[0].posted - states.succeeded * PESOS * 100),
      'verdicts against the truth': verdicts.contradictions,
    },
  };
}

async function run(server) {
  const { sandbox, env: reach } = await startSandbox();
  const env = gatewayEnv(server, reach);
  const gateways = [await startGateway(env), await startGateway(env)];
  const admin = async (path, body) => {
    const headers = { authorization: basic(ADMIN) };
    return (await json(gateways[0].url + path, { method: 'POST', body, headers })).body;
  };
  const app = await admin('/v1/admin/apps', { name: 'faults', scopes: ['topups', 'transactions:read'] });
  const key = await admin(`/v1/admin/apps/${app.id}/keys`, {});
  const partner = basic({ username: key.keyId, password: key.secret });
  const random = randomOf(SEED);
  const orders = Array.from({ length: COUNT }, (_none, index) => {
    const fault = FAULTS[Math.floor(random() * FAULTS.length)];
    const last = random() < FAULT_SHARE ? `689${fault}` : `68${String(Math.floor(random() * 6000)).padStart(4, '0')}`;
    return { index, phoneNumber: `5537${last}`, first: Math.floor(random() * 2) };
  });
  const acknowledged = new Set();
  let kills = 0;
  let buying = true;
  const killing = (async () => {
    while (buying) {
      await sleep(KILL_EVERY_MS * (0.5 + Math.random()));
      if (!buying) break;
      await gateways[kills % 2].kill();
      kills += 1;
    }
  })();
  let next = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (next < orders.length) {
        const order = orders[next];
        next += 1;
        acknowledged.add(await buy(gateways, partner, order));
        if (acknowledged.size % 250 === 0) console.log(`${acknowledged.size} bought, ${kills} kills`);
      }
    }),
  );
  buying = false;
  await killing;
  const database = new pg.Client({ connectionString: server.url });
  await database.connect();
  const pending = `select from transactions where status = 'pending' limit 1`;
  await until('the end of all purchases', async () => (await database.query(pending)).rowCount === 0, 150_000);
  // Waits for two more balance queries, so that the last purchases also have a balance after them.
  await sleep(6_000);
  const report = await compare({ gateways, partner, sandbox, database, acknowledged });
  await database.end();
  return { ...report, kills };
}

console.log(`seed ${SEED}, ${COUNT} purchases`);
const timer = setTimeout(() => {
  console.error(`no end within ${GIVE_UP_MS / 60_000} minutes (seed ${SEED})`);
  for (const child of children) child.kill('SIGKILL');
  process.exit(1);
}, GIVE_UP_MS);
const { startEmbeddedPostgres } = await import(join(DIST, 'embedded-postgres/embedded-postgres.js'));
const server = await startEmbeddedPostgres({ dataDir: join(folder, 'database'), flags: ['max_connections=200'] });
try {
  const startedAt = Date.now();
  const { wrong, ...figures } = await run(server);
  console.log(figures);
  console.table(wrong);
  const isRight = Object.values(wrong).every((count) => count === 0);
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  console.log(`${isRight ? 'RIGHT' : 'WRONG'}: ${COUNT} purchases, seed ${SEED}, ${seconds} s`);
  process.exitCode = isRight ? 0 : 1;
} finally {
  clearTimeout(timer);
  for (const child of children) child.kill('SIGKILL');
  await server.stop({ evenIfInUse: true });
  rmSync(folder, { recursive: true, force: true });
}
