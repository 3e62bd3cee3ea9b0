import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { atLeast, atMost } from './goals.mjs';
import { ratio, rounds, tableOf } from './hot-path.mjs';
import { basic } from './world.mjs';

const CONNECTIONS = 64;
const NOTIFICATION = { kind: 'notification', path: '/v1/providers/latam-pass/notifications', status: 200 };
/** Number of notifications. Each reports another waiting accrual; half of the seeded transactions are accruals. */
const NOTIFICATIONS = { first: 8_000, round: 4_000, orphans: 16_000 };

/** Compares reads of the seeded transactions with a bare Fastify that has the same statements. */
export async function reads({ world, scale, show }) {
  const url = await world.database('reads');
  const sides = {
    gateway: await world.startGatewayWithKey(url),
    bare: await world.startSide('bare-reads.mjs', [], url),
  };
  const ids = await world.sql(url, 'select id from transactions order by md5(id::text) limit 1000');
  const jobs = {
    'GET /v1/transactions/{id}': { paths: ids.map(({ id }) => `/v1/transactions/txn_${id}`), status: 200, goal: 0.75 },
    'GET /v1/transactions': { path: '/v1/transactions', status: 200, goal: 0.9 },
  };
  const goals = [];
  for (const [name, { goal, ...rest }] of Object.entries(jobs)) {
    const job = { ...rest, connections: CONNECTIONS, durationMs: scale.shortMs };
    for (const side of Object.values(sides)) await world.drive(side, job);
    const results = await rounds(world, sides, job, scale.shortRounds);
    show(name, tableOf(results));
    goals.push(atLeast(`${name} / bare Fastify`, ratio(results, 'gateway', 'bare'), goal));
  }
  for (const side of Object.values(sides)) await world.stop(side);
  return goals;
}

/**
 * Compares notifications with a hand-written batched intake: notifications about seeded accruals until all are applied,
 * and orphans, which are only stored.
 */
export async function notifications({ world, scale, show }) {
  const urls = { gateway: await world.database('notices_gateway'), batched: await world.database('notices_batched') };
  const gateway = await world.startGateway(urls.gateway);
  const sides = {
    gateway: { ...gateway, authorization: basic({ username: 'bench', password: 'bench' }) },
    batched: await world.startSide('limit.mjs', ['batched', world.providerPort], urls.batched),
  };
  const applying = Object.fromEntries(
    Object.entries(sides).map(([name, side]) => [name, { ...side, finish: () => world.applied(urls[name]) }]),
  );
  const job = { ...NOTIFICATION, connections: CONNECTIONS };
  const first = { ...job, most: NOTIFICATIONS.first };
  for (const side of Object.values(applying)) await world.measure(side, first, { again: 0 });
  const each = { ...job, most: NOTIFICATIONS.round };
  const applied = await rounds(world, applying, each, scale.shortRounds, { again: 1 });
  show('notifications, taken in and applied', tableOf(applied));
  const orphans = { ...job, kind: 'orphan', most: NOTIFICATIONS.orphans };
  const stored = await rounds(world, sides, orphans, scale.shortRounds, { again: 1 });
  show('notifications that nobody knows, taken in', tableOf(stored));
  for (const side of Object.values(sides)) await world.stop(side);
  return [
    atLeast('notification intake / natural batching', ratio(stored, 'gateway', 'batched'), 0.6),
    atLeast('notifications until applied / natural batching', ratio(applied, 'gateway', 'batched'), 0.6),
  ];
}

/**
 * Measures the share of authentication and rate limit in the CPU time of top-ups and of reads by id, the cheapest
 * authenticated route.
 */
export async function guards({ world, scale, show }) {
  const folder = join(world.folder, 'profiles');
  mkdirSync(folder);
  const flags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=500'];
  const gateway = await world.startGatewayWithKey(await world.database('guards'), { flags });
  const job = { kind: 'topup', path: '/v1/topups', status: 201, connections: 128, durationMs: scale.shortMs * 2 };
  await world.drive(gateway, job);
  await world.stop(gateway, 'SIGTERM');
  const shares = readdirSync(folder).map((name) => shareOfGuards(JSON.parse(readFileSync(join(folder, name), 'utf8'))));
  const share = Math.max(...shares);
  show('authentication and rate limit, of the CPU time of top-ups', {
    gateway: { percent: Number((share * 100).toFixed(2)) },
  });
  return [atMost('authentication and rate-limit guard / CPU of a top-up', share, 0.05)];
}

const GUARDS = /\/dist\/access\/|\/node_modules\/(?:passport|@nestjs\/passport)/;
/** Code that the guard calls but that is neither authentication nor rate limit. */
const OTHERS = /\/dist\/api\/|\/pg\//;

function shareOfGuards({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const kinds = new Map();
  const kindOf = (id) => {
    if (id === undefined) return 'none';
    const known = kinds.get(id);
    if (known) return known;
    const { url, functionName } = byId.get(id).callFrame;
    const above = () => kindOf(parents.get(id));
    const kind = functionName === '(idle)' ? 'idle' : OTHERS.test(url) ? 'none' : GUARDS.test(url) ? 'guard' : above();
    kinds.set(id, kind);
    return kind;
  };
  const times = { idle: 0, guard: 0, none: 0 };
  // Counts the last three quarters of the samples, without the start.
  for (let index = Math.floor(samples.length / 4); index < samples.length; index += 1) {
    times[kindOf(samples[index])] += timeDeltas[index];
  }
  return times.guard / (times.guard + times.none);
}
