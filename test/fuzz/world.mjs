import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADMIN, basic, freePort, GatewayUnderFire, startSandbox } from '../faults/programs.mjs';
import { createIdentities } from './identities.mjs';
import { Pool } from './pool.mjs';

const NOTIFIER = { username: 'latam-pass', password: 'notification-password-of-the-fuzz' };
/** No limits at the providers: waiting requests would hide defects. */
const NO_LIMIT = '1000000';

/** Starts PostgreSQL, sandbox and gateway for this run, and creates the callers. */
export async function startWorld(seed, givenPort) {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-fuzz-'));
  chmodSync(folder, 0o755);
  const cleanups = [() => rmSync(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  };
  try {
    const { startEmbeddedPostgres } = await import('../../dist/embedded-postgres/embedded-postgres.js');
    const server = await startEmbeddedPostgres({ dataDir: folder, flags: ['max_connections=100', 'fsync=off'] });
    cleanups.push(() => server.stop({ evenIfInUse: true }));
    const port = givenPort ?? (await freePort());
    const sandbox = await startSandbox(
      {
        SANDBOX_NOTIFICATION_URL: `http://127.0.0.1:${port}/v1/providers/latam-pass/notifications`,
        SANDBOX_NOTIFICATION_USERNAME: NOTIFIER.username,
        SANDBOX_NOTIFICATION_PASSWORD: NOTIFIER.password,
        SANDBOX_ACCRUAL_DELAY_MS: '50,2000',
        SANDBOX_REQUESTS_PER_MINUTE: NO_LIMIT,
        SANDBOX_FLOAT_USD: '100000000.00',
      },
      folder,
    );
    cleanups.push(() => sandbox.kill());
    const gateway = new GatewayUnderFire(port, environment(server, sandbox, seed), folder);
    cleanups.push(() => gateway.stop());
    await gateway.start();
    const admin = adminOf(gateway.url);
    const pool = new Pool();
    const { data } = await admin('GET', '/v1/admin/operators');
    pool.protect(data.map(({ id }) => id));
    const identities = await createIdentities(admin, NOTIFIER, pool);
    return { gateway, admin, pool, identities, log: join(folder, 'gateway.log'), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Sends requests as the first operator, whose credentials no fuzz request uses. */
function adminOf(url) {
  return async (method, path, body) => {
    const headers = { authorization: basic(ADMIN), ...(body && { 'content-type': 'application/json' }) };
    const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}: ${text}`);
    return answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text;
  };
}

function environment(server, sandbox, seed) {
  return {
    NODE_ENV: 'test',
    NODE_OPTIONS: '--max-old-space-size=400',
    DATABASE_URL: server.url,
    DATABASE_MIGRATION_URL: server.migrationUrl,
    ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
    ADMIN_USERNAME: ADMIN.username,
    ADMIN_PASSWORD: ADMIN.password,
    // Runs with odd seeds test proposals, runs with even seeds resolutions by one operator.
    REQUIRE_SECOND_OPERATOR: String(seed % 2 === 1),
    RATE_LIMIT_PER_MINUTE: '10000000',
    BREAKER_FAILURES: '100000',
    ...sandbox.env,
    LATAM_PASS_NOTIFICATION_USERNAME: NOTIFIER.username,
    LATAM_PASS_NOTIFICATION_PASSWORD: NOTIFIER.password,
    LOYALTY_LAYER_REQUESTS_PER_MINUTE: NO_LIMIT,
    LATCOM_TIMEOUT_MS: '1500',
    LATCOM_REQUESTS_PER_15_MINUTES: NO_LIMIT,
  };
}
