import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atLeast, atMost } from './goals.mjs';
import { ratio, tableOf } from './hot-path.mjs';
import { median } from './machine.mjs';
import { freePort, GATEWAY_FLAGS, OPERATOR, sleep, SEEDED_APP } from './world.mjs';

const PROJECT_FOLDER = join(import.meta.dirname, '..', '..');
const TOPUP = { kind: 'topup', path: '/v1/topups', status: 201, includes: '"status":"succeeded"', connections: 128 };
const SMALL_ROWS = 10_000;
/** Rows per page. */
const PAGE_ROWS = 25;
const BALANCE = 'GET /v1/admin/providers/latcom/balance';
const DEEP_PAGE = 10_000;

/**
 * Inserts a seal over all rows, as if the ledger had been sealed while it grew. Sealing millions of rows would disturb
 * the measurement.
 */
const SEALED = `
insert into ledger_seals (no, from_at, to_at, rows, leaves, hash)
select 1, timestamptz '2020-01-01', max(at) + interval '1 s', 1, '', sha256('') from transaction_events`;

async function ledgerOf(world, name, rows) {
  const startedAt = performance.now();
  const url = world.urlOf(await world.seed(name, rows));
  await world.sql(url, SEALED);
  console.error(`${name}: ${rows} transactions made in ${Math.round((performance.now() - startedAt) / 1000)} s`);
  const gateway = await world.startGatewayWithKey(url);
  const ids = await world.sql(url, 'select id from transactions tablesample system_rows(1000)').catch(() => []);
  const some =
    ids.length > 0 ? ids : await world.sql(url, 'select id from transactions tablesample system (1) limit 1000');
  const deep = Math.min(DEEP_PAGE * PAGE_ROWS, Math.floor(rows / 2));
  const [{ id }] = await world.sql(
    url,
    `select id from transactions where app_id = '${SEEDED_APP}' order by id desc offset ${deep} limit 1`,
  );
  const cursor = Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url');
  return { gateway, paths: some.map((row) => `/v1/transactions/txn_${row.id}`), cursor };
}

/** Measures the same paths on a small and on a large ledger. */
export async function flat({ world, scale, show }) {
  const sides = {};
  const ledgers = {
    small: await ledgerOf(world, 'flat_small', SMALL_ROWS),
    large: await ledgerOf(world, 'flat_large', scale.largeRows),
  };
  for (const [name, { gateway }] of Object.entries(ledgers)) sides[name] = gateway;
  const read = { status: 200, connections: 16, durationMs: scale.shortMs };
  const compare = async (what, jobs, asked = sides) => {
    const results = { small: [], large: [] };
    for (let round = 0; round < scale.shortRounds + 1; round += 1) {
      for (const name of ['small', 'large']) {
        const measured = await world.measure(asked[name], jobs[name]);
        if (round > 0) results[name].push(measured);
      }
    }
    show(`${what}, ledgers of ${SMALL_ROWS} and ${scale.largeRows}`, tableOf(results));
    return results;
  };
  const both = (make) => ({ small: make(ledgers.small), large: make(ledgers.large) });
  const one = await compare(
    'GET by id',
    both(({ paths }) => ({ ...read, paths })),
  );
  const first = await compare(
    'page 1',
    both(() => ({ ...read, path: '/v1/transactions' })),
  );
  const deep = await compare(
    'deep page',
    both(({ cursor }) => ({ ...read, path: `/v1/transactions?cursor=${cursor}` })),
  );
  const asOperator = Object.fromEntries(
    Object.entries(sides).map(([name, side]) => [name, { ...side, authorization: OPERATOR }]),
  );
  const dashboard = await compare(
    'GET /v1/admin/providers',
    both(() => ({ ...read, path: '/v1/admin/providers', connections: 4 })),
    asOperator,
  );
  const writes = await compare(
    'top-ups',
    both(() => ({ ...TOPUP, durationMs: scale.roundMs })),
  );
  // Runs after the top-ups, because each of them has reported a balance.
  const balance = await compare(
    BALANCE,
    both(() => ({ ...read, path: BALANCE.split(' ')[1], connections: 4 })),
    asOperator,
  );
  for (const side of Object.values(sides)) await world.stop(side);
  const p50 = (results, name) => median(results[name].map((result) => result.p50));
  return [
    atMost('flat: GET by id, large / small', p50(one, 'large') / p50(one, 'small'), 1.5),
    atMost('flat: page 1, large / small', p50(first, 'large') / p50(first, 'small'), 1.5),
    atMost('flat: deep page / page 1, large', p50(deep, 'large') / p50(first, 'large'), 1.2),
    atMost('flat: GET /v1/admin/providers, large / small', p50(dashboard, 'large') / p50(dashboard, 'small'), 1.5),
    atMost(`flat: ${BALANCE}, large / small`, p50(balance, 'large') / p50(balance, 'small'), 1.5),
    atLeast('flat: top-ups, large / small', ratio(writes, 'large', 'small'), 0.8),
  ];
}

/** Measures top-ups while every WAL flush takes 2 ms longer (PostgreSQL's commit_delay). */
export async function slowDisk({ world, scale, show }) {
  const gateway = await world.startGatewayWithKey(await world.database('slow_disk'));
  const job = { ...TOPUP, durationMs: scale.roundMs };
  await world.drive(gateway, job);
  const results = { fast: [], slow: [] };
  for (let round = 0; round < scale.shortRounds; round += 1) {
    for (const [name, micros] of [
      ['fast', 0],
      ['slow', 2_000],
    ]) {
      await setFlushDelay(world, micros);
      results[name].push(await world.measure(gateway, job));
    }
  }
  await setFlushDelay(world, 0);
  await world.stop(gateway);
  show('top-ups, a disk that flushes 2 ms slower', tableOf(results));
  return [atLeast('slow disk: top-ups / those on the fast disk', ratio(results, 'slow', 'fast'), 0.6)];
}

async function setFlushDelay({ server, sql }, micros) {
  await sql(server.migrationUrl, `alter system set commit_delay = ${micros}`);
  await sql(server.migrationUrl, 'alter system set commit_siblings = 0');
  await sql(server.migrationUrl, 'select pg_reload_conf()');
  await sleep(100);
}

/**
 * Measures the time until `npm start` of a built clone is ready, with a new embedded database and with an existing one.
 */
export async function startUp({ world, show }) {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-start-'));
  try {
    const fresh = await startSeconds(world, folder);
    const existing = await startSeconds(world, folder);
    show('start', { gateway: { 'new database, s': fresh, 'existing database, s': existing } });
    return [
      atMost('start with a new embedded database, s', fresh, 5),
      atMost('start with an existing database, s', existing, 2),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startSeconds(world, folder) {
  const port = await freePort();
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...GATEWAY_FLAGS, 'scripts/start.mjs'], {
    cwd: PROJECT_FOLDER,
    env: { PATH: process.env.PATH, PORT: String(port), SANDBOX_PORT: '0', DATA_DIR: join(folder, 'data') },
    stdio: 'ignore',
  });
  world.keep(child);
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => null);
    if (answer?.ok) break;
    if (performance.now() - startedAt > 60_000) throw new Error('the gateway did not start within a minute');
    await sleep(10);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await world.stop({ child }, 'SIGTERM');
  return seconds;
}
