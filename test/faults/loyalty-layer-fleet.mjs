import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ADMIN, basic, freePort, GatewayUnderFire, startSandbox } from './programs.mjs';

/**
 * Two gateways with one address and one database, and a sandbox that counts their requests in a sliding minute. `env`:
 * more variables of the gateways.
 */
export async function startFleet({ limit, env = {}, sandboxEnv = {} }) {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-faults-'));
  chmodSync(folder, 0o755);
  const cleanups = [];
  const stop = async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const server = await startDatabase(folder, cleanups);
    const sandbox = await startSandbox({ SANDBOX_REQUESTS_PER_MINUTE: String(limit), ...sandboxEnv }, folder);
    cleanups.push(() => sandbox.kill());
    const gateways = [];
    cleanups.push(() => Promise.all(gateways.map((gateway) => gateway.stop())));
    for (const name of ['first', 'second']) {
      gateways.push(await startGateway(join(folder, name), gatewayEnv(server, sandbox, limit, env)));
    }
    const database = new pg.Client({ connectionString: server.url });
    await database.connect();
    cleanups.push(() => database.end());
    return { sandbox, gateways, database, partner: await createPartner(gateways[0]), folder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startDatabase(folder, cleanups) {
  const { startEmbeddedPostgres } = await import('../../dist/embedded-postgres/embedded-postgres.js');
  const server = await startEmbeddedPostgres({ dataDir: join(folder, 'database'), flags: ['max_connections=100'] });
  cleanups.push(() => server.stop({ evenIfInUse: true }));
  return server;
}

async function startGateway(folder, env) {
  mkdirSync(folder);
  const gateway = new GatewayUnderFire(await freePort(), env, folder);
  await gateway.start();
  return gateway;
}

function gatewayEnv(server, sandbox, limit, more) {
  return {
    NODE_ENV: 'test',
    LOG_LEVEL: 'warn',
    DATABASE_URL: server.url,
    DATABASE_MIGRATION_URL: server.migrationUrl,
    ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
    ADMIN_USERNAME: ADMIN.username,
    ADMIN_PASSWORD: ADMIN.password,
    BREAKER_FAILURES: '100000',
    ...sandbox.env,
    LOYALTY_LAYER_REQUESTS_PER_MINUTE: String(limit),
    ...more,
  };
}

async function createPartner(gateway) {
  const ask = async (path, body) => {
    const headers = { authorization: basic(ADMIN), 'content-type': 'application/json' };
    return (await fetch(gateway.url + path, { method: 'POST', headers, body: JSON.stringify(body) })).json();
  };
  const app = await ask('/v1/admin/apps', { name: 'faults', scopes: ['passes'], rateLimitPerMinute: 1_000_000 });
  const key = await ask(`/v1/admin/apps/${app.id}/keys`, {});
  return basic({ username: key.keyId, password: key.secret });
}

/**
 * Repeats the same request with the same key at both gateways until it is answered, like a partner app. Returns the
 * transaction; null when `giveUpAt` (in the time of `performance.now()`) comes first.
 */
export async function issuePass({ gateways, partner }, { reference, planId = 'LOUNGE-BASIC', wait, first, giveUpAt }) {
  const holder = { firstName: 'Ana', lastName: 'Souza', email: `${reference}@example.com` };
  const body = JSON.stringify({ reference, planId, holder });
  const headers = {
    authorization: partner,
    'content-type': 'application/json',
    'idempotency-key': reference,
    prefer: `wait=${wait}`,
  };
  for (let tries = 0; performance.now() < giveUpAt; tries += 1) {
    const { url } = gateways[(first + tries) % gateways.length];
    const signal = AbortSignal.timeout(40_000);
    const answer = await fetch(`${url}/v1/passes`, { method: 'POST', headers, body, signal }).catch(() => null);
    const read = await answer?.json().catch(() => null);
    if (answer?.ok && read) return read;
    if (answer && answer.status !== 503) throw new Error(`${reference}: answered ${answer.status}`);
    await sleep(100);
  }
  return null;
}

/** The effects of the sandbox: passes by the holder's e-mail address, and the usage of the rate limit. */
export async function truthOf({ sandbox }) {
  const { effects, loyaltyLayer } = await sandbox.ask('GET', '/effects?provider=loyalty-layer');
  const created = effects.filter(({ kind }) => kind === 'pass-create');
  return { byEmail: Map.groupBy(created, ({ detail }) => detail.holder.email), created, counters: loyaltyLayer };
}

/** Checks all invariants. Returns the violated ones as texts. */
export async function violationsOf(fleet, { limit, acknowledged, count }) {
  const { byEmail, counters } = await truthOf(fleet);
  const { rows } = await fleet.database.query(
    `select t.id, t.reference, t.status, t.provider_reference, r.status as pass, r.provider_reference as pass_id,
       (select string_agg(e.phase, '+' order by e.seq) from ledger_entries e where e.transaction_id = t.id) as phases
     from transactions t join resources r on r.id = t.resource_id where t.type = 'pass_create'`,
  );
  const found = rows.flatMap((row) => faultsOf(row, byEmail.get(`${row.reference}@example.com`) ?? []));
  const known = new Map(rows.map((row) => [row.reference, `txn_${row.id}`]));
  for (const [reference, id] of acknowledged) if (known.get(reference) !== id) found.push(`${reference}: LOST`);
  for (const email of byEmail.keys()) {
    if (!known.has(email.replace('@example.com', ''))) found.push(`${email}: a pass that belongs to no transaction`);
  }
  if (rows.length !== count) found.push(`${rows.length} transactions for ${count} requests`);
  if (counters.violations > 0) found.push(`the limit was exceeded ${counters.violations} times`);
  if (counters.mostRequestsInWindow > limit) found.push(`${counters.mostRequestsInWindow} requests in one minute`);
  if (counters.blockedRequests > 0) found.push(`${counters.blockedRequests} requests while the address was blocked`);
  return found;
}

const PHASES = { succeeded: 'hold+post', failed: 'hold+release', unknown: 'hold', pending: 'hold' };

function faultsOf({ reference, status, provider_reference: named, pass_id: passId, phases }, made) {
  const found = [];
  if (made.length > 1) found.push(`${reference}: DOUBLED, ${made.length} passes`);
  if (status === 'succeeded' && made.length === 0) found.push(`${reference}: succeeded, and there is no pass`);
  if (status === 'failed' && made.length > 0) found.push(`${reference}: failed, and there is a pass`);
  const isMixedUp = status === 'succeeded' && (named !== made[0]?.providerReference || passId !== named);
  if (isMixedUp) found.push(`${reference}: has the pass of somebody else`);
  if (phases !== PHASES[status]) found.push(`${reference}: ${status} with the entries ${phases}`);
  return found;
}

export async function statusesOf({ database }) {
  const { rows } = await database.query(
    `select status, count(*)::int as count from transactions where type = 'pass_create' group by status`,
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}
