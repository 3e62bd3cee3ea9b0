import { fork } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/**
 * `npm run bench:accruals`: POST /v1/accruals with 64 connections, the built gateway with everything on beside
 * hand-written loops that run the same two statements for each request (one commit each; naturally batched), in shuffled
 * rounds on one PostgreSQL with full durability. Ratios count; the absolute numbers are this machine's.
 */
const CONNECTIONS = 64;
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const ROUND_MS = Number(process.env.ROUND_MS ?? 6_000);
const WARM_UP_MS = 2_000;
const DIST = join(import.meta.dirname, '..', '..', 'dist');
const ADMIN = { username: 'admin', password: 'admin-password-of-the-bench' };

const folder = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
chmodSync(folder, 0o755);
const { startEmbeddedPostgres } = await import(join(DIST, 'database/embedded/embedded-postgres.js'));
const server = await startEmbeddedPostgres({ dataDir: folder, flags: ['max_connections=200'] });
const children = [];

async function database(name) {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return url.href;
}

/** Starts a program and waits until it says `listening`. */
function start(file, args, env) {
  const child = fork(file, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  children.push(child);
  return child;
}

function listening(child) {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)));
  });
}

async function until(probe) {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await probe().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('not ready');
}

function basic({ username, password }) {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

async function startGateway(providerPort) {
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const url = `http://127.0.0.1:${port}`;
  const provider = `http://127.0.0.1:${providerPort}`;
  start(join(DIST, 'main.js'), [], {
    PORT: String(port),
    NODE_ENV: 'production',
    SANDBOX: 'true',
    SANDBOX_PORT: '0',
    DATABASE_URL: await database('gateway'),
    ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
    ADMIN_USERNAME: ADMIN.username,
    ADMIN_PASSWORD: ADMIN.password,
    DATA_DIR: folder,
    LATAM_PASS_BASE_URL: provider,
    LATAM_PASS_CLIENT_ID: 'bench',
    LATAM_PASS_CLIENT_SECRET: 'bench',
    LATAM_PASS_PARTNER_ID: 'BENCH',
    LATAM_PASS_PRODUCT_ID: '001',
    LATAM_PASS_REQUESTS_PER_MINUTE: '10000000',
    LATAM_PASS_NOTIFICATION_USERNAME: 'bench',
    LATAM_PASS_NOTIFICATION_PASSWORD: 'bench',
  });
  await until(async () => (await fetch(`${url}/health/ready`)).ok);
  const admin = async (path, body) => {
    const headers = { authorization: basic(ADMIN), 'content-type': 'application/json' };
    return (await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })).json();
  };
  const app = await admin('/v1/admin/apps', { name: 'bench', scopes: ['accruals'], rateLimitPerMinute: 10_000_000 });
  const key = await admin(`/v1/admin/apps/${app.id}/keys`, {});
  return { port, authorization: basic({ username: key.keyId, password: key.secret }) };
}

async function startLoop(mode, providerPort) {
  const child = start(join(import.meta.dirname, 'accrual-loop.mjs'), [mode, String(providerPort)], {
    DATABASE_URL: await database(`loop_${mode}`),
  });
  const { port } = await listening(child);
  return { port, authorization: 'none' };
}

let count = 0;
function order() {
  count += 1;
  return JSON.stringify({
    reference: `bench-${process.pid}-${count}`,
    member: { ffn: '01234567890' },
    points: 3000,
    occurredAt: '2026-01-20T14:10:36.177-03:00',
  });
}

/** Answered requests a second; every answer has to be a 202 or the round does not count. */
async function round({ port, authorization }, durationMs) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const end = performance.now() + durationMs;
  let answered = 0;
  const one = () =>
    new Promise((resolve, reject) => {
      const body = order();
      const headers = {
        authorization,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'idempotency-key': `bench-${process.pid}-${count}`,
      };
      const request = http.request({ port, path: '/v1/accruals', method: 'POST', agent, headers }, (answer) => {
        if (answer.statusCode !== 202) reject(new Error(`answered ${answer.statusCode}`));
        answer.resume().once('end', resolve);
      });
      request.once('error', reject).end(body);
    });
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (performance.now() < end) {
        await one();
        answered += 1;
      }
    }),
  );
  agent.destroy();
  return (answered * 1000) / durationMs;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

try {
  const stub = start(join(import.meta.dirname, 'provider-stub.mjs'), [], {});
  const { port: providerPort } = await listening(stub);
  const sides = {
    gateway: await startGateway(providerPort),
    'loop, one commit each': await startLoop('single', providerPort),
    'loop, natural batching': await startLoop('batched', providerPort),
  };
  const results = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (const side of Object.values(sides)) await round(side, WARM_UP_MS);
  for (let index = 0; index < ROUNDS; index += 1) {
    for (const name of Object.keys(sides).sort(() => Math.random() - 0.5)) {
      results[name].push(await round(sides[name], ROUND_MS));
      // What was accepted is still being sent: let it drain, so that it does not weigh on the next side.
      await new Promise((resolve) => setTimeout(resolve, 3_000));
    }
  }
  console.table(
    Object.fromEntries(
      Object.entries(results).map(([name, rates]) => [
        name,
        {
          'requests/s': Math.round(median(rates)),
          'gateway ÷ this': Number(median(rates.map((rate, index) => results.gateway[index] / rate)).toFixed(2)),
        },
      ]),
    ),
  );
} finally {
  for (const child of children) child.kill('SIGKILL');
  await server.stop({ evenIfInUse: true });
  rmSync(folder, { recursive: true, force: true });
}
