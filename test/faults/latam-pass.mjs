import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startNotificationProxy } from './notification-proxy.mjs';
import { ADMIN, basic, freePort, GatewayUnderFire, startSandbox } from './programs.mjs';
import { seeded } from './random.mjs';
import { violations } from './verify.mjs';

/**
 * `npm run faults:latam-pass -- --count 1000 --seed N`: sends accruals from a partner app that repeats unanswered
 * requests. Meanwhile LATAM Pass drops, truncates and fails calls, its notifications are lost, late and duplicated, and
 * the gateway is killed with SIGKILL repeatedly. At the end every accrual must be final and credited exactly once,
 * otherwise the exit code is 1. 3 % more are rejected by LATAM Pass and must be `failed`. The seed decides inputs,
 * faults and kills; their timing depends on the machine. It starts its own PostgreSQL, sandbox and gateway; run `npm
 * run build` first.
 */
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    /** Time limit of the whole run, in seconds. */
    limit: { type: 'string', default: '450' },
  },
});
const [COUNT, SEED, LIMIT_MS] = [Number(values.count), Number(values.seed), Number(values.limit) * 1_000];

/**
 * Probabilities of faults for each call; together about 0.4 for a submission. `hang` takes the whole deadline, so it is
 * rare.
 */
const FAULTS = {
  accrual: {
    'drop-before': 0.07,
    'drop-after': 0.08,
    'status-500': 0.03,
    'status-503': 0.03,
    'status-500-after': 0.03,
    'status-502-after': 0.03,
    'status-504-after': 0.03,
    truncated: 0.05,
    html: 0.01,
    'html-after': 0.02,
    garbage: 0.02,
    'empty-204': 0.03,
    401: 0.01,
    429: 0.003,
    redirect: 0.005,
    delay: 0.01,
    hang: 0.002,
    'hang-after': 0.003,
  },
  'accrual-status': { 'drop-before': 0.08, 'status-500': 0.08, truncated: 0.08, 'html-403': 0.04 },
  token: { 'status-503': 0.15, 'drop-after': 0.1 },
};
/**
 * Ends of an ffn whose notification comes before the answer, three times, after an unknown status, or after an orphan.
 */
const ODD_NOTICES = ['99601', '99602', '99604', '99607'];
const REJECTIONS = ['99101', '99108', '99110', '99111', '99112', '99113', '99114', '99204', '99205', '99206'];
const REJECTED_SHARE = 0.03;
const PARTNERS = 8;
const PAUSE_MS = [200, 1_200];
const KILL_EVERY_MS = [2_500, 7_000];
/** Probability that a kill of the gateway also invalidates all tokens. */
const DYING_TOKENS = 0.3;
/** Time for which kills and faults continue after the last request was acknowledged. */
const AFTERMATH_MS = 30_000;

const startedAt = performance.now();
const elapsedMs = () => performance.now() - startedAt;
const say = (text) => console.log(`${(elapsedMs() / 1000).toFixed(0).padStart(4)} s  ${text}`);
const streams = { orders: seeded(SEED), kills: seeded(SEED + 1), notices: seeded(SEED + 2) };

const folder = mkdtempSync(join(tmpdir(), 'gateway-faults-'));
chmodSync(folder, 0o755);
const cleanups = [];

async function startDatabase() {
  const { startEmbeddedPostgres } = await import('../../dist/embedded-postgres/embedded-postgres.js');
  const server = await startEmbeddedPostgres({ dataDir: folder, flags: ['max_connections=100'] });
  cleanups.push(() => server.stop({ evenIfInUse: true }));
  const admin = new pg.Client({ connectionString: server.migrationUrl });
  await admin.connect();
  await admin.query('create database faults');
  await admin.end();
  const inFaults = (url) => Object.assign(new URL(url), { pathname: '/faults' }).href;
  return { DATABASE_URL: inFaults(server.url), DATABASE_MIGRATION_URL: inFaults(server.migrationUrl) };
}

async function startAll() {
  const databaseEnv = await startDatabase();
  const port = await freePort();
  const proxy = await startNotificationProxy(streams.notices, port);
  cleanups.push(() => proxy.stop());
  const notifier = { username: 'latam-pass', password: 'notification-password-of-the-faults' };
  const sandbox = await startSandbox(
    {
      SANDBOX_NOTIFICATION_URL: `http://127.0.0.1:${proxy.port}/`,
      SANDBOX_NOTIFICATION_USERNAME: notifier.username,
      SANDBOX_NOTIFICATION_PASSWORD: notifier.password,
      SANDBOX_NOTIFICATION_RETRY_MS: '200,3000',
      SANDBOX_ACCRUAL_DELAY_MS: '100,4000',
    },
    folder,
  );
  cleanups.push(() => sandbox.kill());
  const gateway = new GatewayUnderFire(
    port,
    {
      NODE_ENV: 'test',
      ...databaseEnv,
      ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
      ADMIN_USERNAME: ADMIN.username,
      ADMIN_PASSWORD: ADMIN.password,
      ...sandbox.env,
      LATAM_PASS_NOTIFICATION_USERNAME: notifier.username,
      LATAM_PASS_NOTIFICATION_PASSWORD: notifier.password,
    },
    folder,
  );
  cleanups.push(() => gateway.stop());
  await gateway.start();
  const client = new pg.Client({ connectionString: databaseEnv.DATABASE_URL });
  await client.connect();
  cleanups.push(() => client.end());
  return { sandbox, gateway, proxy, client, partner: await createPartner(gateway) };
}

async function createPartner(gateway) {
  const ask = async (path, body) => {
    const headers = { authorization: basic(ADMIN), 'content-type': 'application/json' };
    return (await fetch(gateway.url + path, { method: 'POST', headers, body: JSON.stringify(body) })).json();
  };
  const app = await ask('/v1/admin/apps', { name: 'faults', scopes: ['accruals'], rateLimitPerMinute: 1_000_000 });
  const key = await ask(`/v1/admin/apps/${app.id}/keys`, {});
  return basic({ username: key.keyId, password: key.secret });
}

async function orderFaults(sandbox) {
  let seed = SEED;
  for (const [operation, kinds] of Object.entries(FAULTS)) {
    for (const [fault, probability] of Object.entries(kinds)) {
      seed += 1;
      await sandbox.ask('POST', '/faults', { provider: 'latam-pass', operation, fault, probability, seed });
    }
  }
}

function makeOrders() {
  const random = streams.orders;
  const rejected = Math.ceil(COUNT * REJECTED_SHARE);
  return Array.from({ length: COUNT + rejected }, (_, index) => {
    const isRejected = index % Math.ceil((COUNT + rejected) / rejected) === 0;
    const odd = random.next() < 0.15 ? random.pick(ODD_NOTICES) : '00001';
    return {
      reference: `faults-${SEED}-${index}`,
      wanted: isRejected ? 'failed' : 'succeeded',
      member: { ffn: `012345${isRejected ? random.pick(REJECTIONS) : odd}` },
      points: random.between(1, 5_000),
    };
  });
}

/** Repeats the same request with the same key until it is answered, like a partner app. */
async function submit({ gateway, partner }, { wanted: _wanted, ...order }, acknowledged, problems) {
  const body = JSON.stringify({ ...order, occurredAt: '2026-01-20T14:10:36.177-03:00' });
  const headers = { authorization: partner, 'content-type': 'application/json', 'idempotency-key': order.reference };
  while (elapsedMs() < LIMIT_MS) {
    const signal = AbortSignal.timeout(10_000);
    try {
      const response = await fetch(`${gateway.url}/v1/accruals`, { method: 'POST', headers, body, signal });
      const answer = await response.json();
      if (response.ok) return void acknowledged.set(order.reference, answer.id);
      if (response.status !== 503) return void problems.push(`${order.reference}: answered ${response.status}`);
    } catch {
      // The gateway was killed and gave no answer.
    }
    await sleep(100);
  }
}

async function killAgainAndAgain({ gateway, sandbox }, isOver) {
  for (;;) {
    await sleep(streams.kills.between(...KILL_EVERY_MS));
    if (isOver()) return;
    await gateway.crash();
    if (streams.kills.next() < DYING_TOKENS) await sandbox.ask('POST', '/tokens/expire');
  }
}

/** Collects the bodies of calls. Called regularly, because the sandbox keeps only the last 1000 calls. */
async function collectBodies(sandbox, bodies) {
  const { calls } = await sandbox.ask('GET', '/calls?provider=latam-pass&operation=accrual');
  for (const { body } of calls) {
    const id = /"partnerAccrualId":"([^"]+)"/.exec(body)?.[1] ?? 'none';
    bodies.set(id, (bodies.get(id) ?? new Set()).add(createHash('sha256').update(body).digest('hex')));
  }
}

async function openCount(client) {
  const { rows } = await client.query(
    `select count(*)::int as count from transactions where status not in ('succeeded', 'failed', 'canceled')`,
  );
  return rows[0].count;
}

/** The notifications that are not applied yet, including late copies and orphans of final accruals. */
async function unread(client) {
  const { rows } = await client.query(
    `select count(*)::int as count from notifications n where state = 'received' or state = 'orphan'
       and exists (select from transactions t where t.correlation_id = n.correlation_id)`,
  );
  return rows[0].count;
}

async function until(what, probe) {
  while (elapsedMs() < LIMIT_MS) {
    const count = await probe();
    if (count === 0) return;
    say(`${count} ${what}`);
    await sleep(5_000);
  }
}

async function fire(all, orders, acknowledged, problems, bodies) {
  let isOver = false;
  const killing = killAgainAndAgain(all, () => isOver);
  const collecting = (async () => {
    while (!isOver) {
      await collectBodies(all.sandbox, bodies);
      await sleep(2_000);
    }
  })();
  const queue = [...orders];
  const partner = async () => {
    for (let order = queue.shift(); order; order = queue.shift()) {
      await submit(all, order, acknowledged, problems);
      await sleep(streams.orders.between(...PAUSE_MS));
    }
  };
  await Promise.all(Array.from({ length: PARTNERS }, partner));
  say(`${acknowledged.size} of ${orders.length} acknowledged, ${all.gateway.kills} kills so far`);
  await sleep(AFTERMATH_MS);
  isOver = true;
  await Promise.all([killing, collecting]);
}

async function report({ sandbox, gateway, proxy, client }, struck) {
  const { latamPass } = await sandbox.ask('GET', '/effects?provider=latam-pass&key=none');
  const { rows } = await client.query(
    `select status, count(*)::int as count,
       round(extract(epoch from percentile_cont(0.5) within group (order by completed_at - created_at))::numeric, 1) as median,
       round(extract(epoch from percentile_cont(0.99) within group (order by completed_at - created_at))::numeric, 1) as p99,
       round(extract(epoch from max(completed_at - created_at))::numeric, 1) as longest
     from transactions group by status order by status desc`,
  );
  for (const row of rows) {
    say(`${row.count} ${row.status}; s to the end: median ${row.median}, p99 ${row.p99}, longest ${row.longest}`);
  }
  say(`${gateway.kills} kills with SIGKILL; calls at LATAM Pass: ${JSON.stringify(latamPass.calls)}`);
  say(`faults struck: ${JSON.stringify(struck)}`);
  say(`notifications: ${JSON.stringify(proxy.counts)}`);
}

async function main() {
  say(`seed ${SEED}, ${COUNT} accruals and ${Math.ceil(COUNT * REJECTED_SHARE)} that are rejected, in ${folder}`);
  const all = await startAll();
  await orderFaults(all.sandbox);
  const orders = makeOrders();
  const expected = new Map(orders.map(({ reference, wanted }) => [reference, wanted]));
  const [acknowledged, bodies, problems] = [new Map(), new Map(), []];
  await fire(all, orders, acknowledged, problems, bodies);
  const { faults } = await all.sandbox.ask('GET', '/faults');
  const struck = Object.fromEntries(faults.map((one) => [`${one.operation} ${one.fault}`, one.struck]));
  await all.sandbox.ask('DELETE', '/faults');
  all.proxy.calmDown();
  say(`the faults are over; ${await openCount(all.client)} are open`);
  await until('are open', () => openCount(all.client));
  await until('notifications wait to be applied', () => unread(all.client));
  await collectBodies(all.sandbox, bodies);
  await report(all, struck);
  const found = [...problems, ...(await violations({ ...all, expected, acknowledged, bodies }))];
  for (const line of found.slice(0, 50)) say(`VIOLATION  ${line}`);
  say(
    `seed ${SEED}: ${found.length === 0 ? 'every accrual is final and was credited exactly once' : `${found.length} VIOLATIONS`}`,
  );
  return found.length === 0 ? 0 : 1;
}

for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143 })) {
  process.once(signal, () => void cleanUp().finally(() => process.exit(code)));
}

async function cleanUp() {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  if (process.exitCode !== 1) rmSync(folder, { recursive: true, force: true });
  else say(`the logs are in ${folder}`);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = 1;
  console.error(error);
} finally {
  await cleanUp();
}
