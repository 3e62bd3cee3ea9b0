import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { ADMIN, basic, freePort, GatewayUnderFire, startSandbox } from './programs.mjs';
import { seeded } from './random.mjs';
import { webhookViolations } from './verify-webhooks.mjs';
import { FaultyReceiver } from './webhook-receivers.mjs';

/**
 * `npm run faults:webhooks -- --count 200 --seed N`: three apps send top-ups and accruals through two gateways on one
 * database, and receive webhooks at nine endpoints. One endpoint is dead for ever, others are slow, drop connections, hang,
 * redirect, or answer with random statuses. Gateways are killed with SIGKILL, and secrets are rotated. At the end the
 * faults stop. Then each event must have arrived at each endpoint that wants it, in order, signed, with the body of the
 * feed, and again only after a failure or a kill; otherwise the exit code is 1. The seed decides inputs, faults and kills;
 * their timing depends on the machine. It starts its own PostgreSQL and sandbox; run `npm run build` first.
 */
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    /** Time limit of the whole run, in seconds. */
    limit: { type: 'string', default: '420' },
  },
});
const [COUNT, SEED, LIMIT_MS] = [Number(values.count), Number(values.seed), Number(values.limit) * 1_000];

const APPS = [
  ['fine', 'dead', 'slow'],
  ['drops', 'random', 'fine'],
  ['redirects', 'hangs', 'slow'],
];
const ALL_TYPES = ['scheduled', 'pending', 'processing', 'unknown', 'succeeded', 'failed', 'canceled'];
const PARTNERS_PER_APP = 2;
const PAUSE_MS = [300, 1_500];
const KILL_EVERY_MS = [1_000, 5_000];
const ROTATE_EVERY_MS = [2_000, 6_000];

const startedAt = Date.now();
const elapsedMs = () => Date.now() - startedAt;
const say = (text) => console.log(`${(elapsedMs() / 1000).toFixed(0).padStart(4)} s  ${text}`);
const streams = { orders: seeded(SEED), kills: seeded(SEED + 1), rotations: seeded(SEED + 2) };

const folder = mkdtempSync(join(tmpdir(), 'gateway-faults-'));
chmodSync(folder, 0o755);
const cleanups = [];

async function startDatabase() {
  const { startEmbeddedPostgres } = await import('../../dist/embedded-postgres/embedded-postgres.js');
  const server = await startEmbeddedPostgres({ dataDir: folder, flags: ['max_connections=200'] });
  cleanups.push(() => server.stop({ evenIfInUse: true }));
  const client = new pg.Client({ connectionString: server.url });
  return { client, env: { DATABASE_URL: server.url, DATABASE_MIGRATION_URL: server.migrationUrl } };
}

async function startGateways(env) {
  const ports = [await freePort(), await freePort()];
  const notifier = { username: 'latam-pass', password: 'notification-password-of-the-faults' };
  const sandbox = await startSandbox(
    {
      SANDBOX_NOTIFICATION_URL: `http://127.0.0.1:${ports[0]}/v1/providers/latam-pass/notifications`,
      SANDBOX_NOTIFICATION_USERNAME: notifier.username,
      SANDBOX_NOTIFICATION_PASSWORD: notifier.password,
      SANDBOX_NOTIFICATION_RETRY_MS: '200,3000',
      SANDBOX_ACCRUAL_DELAY_MS: '100,1000',
    },
    folder,
  );
  cleanups.push(() => sandbox.kill());
  const gateways = ports.map((port) => {
    const home = join(folder, String(port));
    mkdirSync(home);
    return new GatewayUnderFire(
      port,
      {
        NODE_ENV: 'test',
        ...env,
        ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
        ADMIN_USERNAME: ADMIN.username,
        ADMIN_PASSWORD: ADMIN.password,
        RATE_LIMIT_PER_MINUTE: '1000000',
        ...sandbox.env,
        LATAM_PASS_NOTIFICATION_USERNAME: notifier.username,
        LATAM_PASS_NOTIFICATION_PASSWORD: notifier.password,
      },
      home,
    );
  });
  // One after the other: the first migrates the database.
  for (const gateway of gateways) {
    cleanups.push(() => gateway.stop());
    await gateway.start();
  }
  return gateways;
}

/** Repeats the request, at one gateway and then the other, until it is answered. */
async function ask(gateways, method, path, { authorization = basic(ADMIN), body, key } = {}) {
  const headers = {
    authorization,
    ...(body && { 'content-type': 'application/json' }),
    ...(key && { 'idempotency-key': key }),
  };
  for (let tries = 0; elapsedMs() < LIMIT_MS; tries += 1) {
    const { url } = gateways[(tries + path.length) % gateways.length];
    const options = { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(10_000) };
    const answer = await fetch(url + path, options)
      .then(async (response) => ({ status: response.status, ok: response.ok, body: await response.json() }))
      .catch(() => null);
    if (answer?.ok) return answer.body;
    if (answer && answer.status !== 503) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    await sleep(100);
  }
  throw new Error(`${path}: no answer within the time limit`);
}

async function createApp(gateways, kinds, number) {
  const scopes = ['topups', 'accruals', 'transactions:read', 'webhooks'];
  const { id } = await ask(gateways, 'POST', '/v1/admin/apps', { body: { name: `faults ${number}`, scopes } });
  const key = await ask(gateways, 'POST', `/v1/admin/apps/${id}/keys`, { body: {} });
  const authorization = basic({ username: key.keyId, password: key.secret });
  const endpoints = [];
  for (const kind of kinds) {
    const receiver = await new FaultyReceiver(kind, seeded(SEED + 10 * number + endpoints.length)).start();
    cleanups.push(() => receiver.stop());
    const types = kind === 'slow' ? undefined : ALL_TYPES.map((type) => `transaction.${type}`);
    const body = { url: receiver.url, types };
    const made = await ask(gateways, 'POST', '/v1/webhook-endpoints', { authorization, body });
    receiver.rotate(made.secret);
    endpoints.push({ id: made.id, app: number, receiver });
  }
  return { number, authorization, endpoints };
}

async function submit(gateways, { authorization }, index) {
  const reference = `faults-${SEED}-${index}`;
  const isTopup = streams.orders.next() < 0.6;
  const body = isTopup
    ? {
        reference,
        phoneNumber: `5537${streams.orders.pick(['686660', '686661', '689012'])}`,
        productId: 'MOVISTAR_TAE',
        amount: { value: '10.00', currency: 'MXN' },
        allowDuplicate: true,
      }
    : { reference, member: { ffn: '01234500001' }, points: 100, occurredAt: '2026-01-20T14:10:36.177-03:00' };
  await ask(gateways, 'POST', isTopup ? '/v1/topups' : '/v1/accruals', { authorization, body, key: reference });
}

async function repeatedly(random, [min, max], isOver, work) {
  for (;;) {
    await sleep(random.between(min, max));
    if (isOver()) return;
    await work();
  }
}

async function fire(gateways, apps) {
  const kills = [];
  let isOver = false;
  const over = () => isOver;
  const killing = repeatedly(streams.kills, KILL_EVERY_MS, over, async () => {
    const crashed = streams.kills.pick(gateways).crash();
    kills.push(Date.now());
    await crashed;
  });
  const rotating = repeatedly(streams.rotations, ROTATE_EVERY_MS, over, async () => {
    const { authorization, endpoints } = streams.rotations.pick(apps);
    const { id, receiver } = streams.rotations.pick(endpoints);
    const body = { graceSeconds: 600 };
    receiver.rotate(
      (await ask(gateways, 'POST', `/v1/webhook-endpoints/${id}/rotate-secret`, { authorization, body })).secret,
    );
  });
  let next = 0;
  const partner = async (app) => {
    while (next < COUNT) {
      next += 1;
      await submit(gateways, app, next);
      await sleep(streams.orders.between(...PAUSE_MS));
    }
  };
  await Promise.all(apps.flatMap((app) => Array.from({ length: PARTNERS_PER_APP }, () => partner(app))));
  isOver = true;
  await Promise.all([killing, rotating]);
  return kills;
}

async function until(what, client, text, values) {
  for (let rounds = 0; elapsedMs() < LIMIT_MS; rounds += 1) {
    const { rows } = await client.query(text, values);
    if (rows[0].count === 0) return;
    if (rounds % 10 === 0) say(`${rows[0].count} ${what}`);
    await sleep(1_000);
  }
  say(`still ${what}: the time is over`);
}

/** The text of every event in the feed of an app, by id. */
async function readFeed(gateways, { authorization }) {
  const texts = new Map();
  for (let after = ''; ;) {
    const page = await ask(gateways, 'GET', `/v1/events?limit=100${after}`, { authorization });
    for (const event of page.data) texts.set(event.id, JSON.stringify(event));
    if (!page.hasMore) return texts;
    after = `&after=${page.nextAfter}`;
  }
}

async function main() {
  say(`seed ${SEED}, ${COUNT} transactions, in ${folder}`);
  const { client, env } = await startDatabase();
  const gateways = await startGateways(env);
  await client.connect();
  cleanups.push(() => client.end());
  const apps = [];
  for (const [number, kinds] of APPS.entries()) apps.push(await createApp(gateways, kinds, number));
  const kills = await fire(gateways, apps);
  const endpoints = apps.flatMap((app) => app.endpoints);
  for (const { receiver } of endpoints) receiver.calmDown();
  say(`the faults are over after ${kills.length} kills`);
  await until(
    'transactions are open',
    client,
    `select count(*)::int as count from transactions where completed_at is null and status <> 'unknown'`,
  );
  const dead = endpoints.filter(({ receiver }) => receiver.kind === 'dead').map(({ id }) => id);
  const waiting = `select count(*)::int as count from webhook_deliveries
    where due_at is not null and 'whep_' || endpoint_id <> all($1::text[])`;
  await until('deliveries wait', client, waiting, [dead]);
  await sleep(2_000);
  const feeds = new Map();
  for (const app of apps) feeds.set(app.number, await readFeed(gateways, app));
  for (const { receiver } of endpoints) {
    const { kind, attempts } = receiver;
    const faults = attempts.filter(({ fault }) => fault).length;
    say(
      `${kind.padEnd(9)} ${attempts.length} attempts, ${faults} faults, ${new Set(attempts.map(({ id }) => id)).size} events`,
    );
  }
  const found = await webhookViolations({ client, endpoints, feeds, kills, startedAt });
  for (const line of found.slice(0, 50)) say(`VIOLATION  ${line}`);
  say(
    `seed ${SEED}: ${found.length === 0 ? 'every event arrived, in order, signed, and twice only after a failure or kill' : `${found.length} VIOLATIONS`}`,
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
