import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineName, median } from './machine.mjs';
import { GATEWAY_FLAGS, OPERATOR, World } from './world.mjs';

/*
 * `npm run bench:twins`: each place where the gateway has faster code of its own beside a standard tool, both on the same
 * inputs in one run, as CPU time of Node per call and as a share of the CPU time of a request. Prints the table of
 * docs/performance.md. The twins themselves are in `twin-sides.mjs`.
 */
const ROUNDS = 15;
const LOAD_ROUNDS = 4;
const WARM_UP_MS = 4_000;
const LOAD_MS = 1_500;
const SEEDED_ROWS = 20_000;
const STATEMENT_LINES = 100_000;
/** A twin that gains less on every path is removed. */
const LEAST_SHARE = 0.03;

const PATHS = {
  topup: 'POST /v1/topups',
  one: 'GET /v1/transactions/{id}',
  page: 'GET /v1/transactions',
  line: 'statement upload, a line',
};

/** The jobs of the load generator, by path. */
async function jobsOf(world, url) {
  const ids = await world.sql(url, 'select id from transactions order by md5(id::text) limit 1000');
  return {
    topup: { kind: 'topup', path: '/v1/topups', status: 201, connections: 128 },
    one: { paths: ids.map(({ id }) => `/v1/transactions/txn_${id}`), status: 200, connections: 64 },
    page: { path: '/v1/transactions', status: 200, connections: 64 },
  };
}

/**
 * Of each path: the CPU time of the whole gateway process (all threads, user and system) per request, the least of the
 * rounds; and a CPU profile of its main thread during all rounds but the first.
 */
async function measurePaths(world) {
  const url = await world.database('paths');
  const paths = {};
  for (const [name, job] of Object.entries(await jobsOf(world, url))) {
    const folder = join(world.folder, `profile-${name}`);
    const flags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=500'];
    const gateway = await world.startGatewayWithKey(url, { flags });
    await world.drive(gateway, { ...job, durationMs: WARM_UP_MS });
    const rounds = [];
    for (let round = 0; round < LOAD_ROUNDS; round += 1) {
      rounds.push((await world.measure(gateway, { ...job, durationMs: LOAD_MS }, { again: 0 })).nodeMicros);
    }
    await world.stop(gateway, 'SIGTERM');
    const profile = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0]), 'utf8'));
    paths[name] = { micros: Math.min(...rounds), profile };
  }
  const gateway = await world.startGateway(url);
  const uploads = [];
  for (let round = 0; round < LOAD_ROUNDS; round += 1) uploads.push(await uploadMicros(world, gateway, round));
  await world.stop(gateway);
  return { ...paths, line: { micros: Math.min(...uploads) / STATEMENT_LINES } };
}

/** The share of the samples under a function of this name, of all that were not idle; the first half is warm-up. */
function shareOf(name, { nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const under = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === name).map(({ id }) => id));
  // Parents come before their children.
  for (const { id, children = [] } of nodes) if (under.has(id)) for (const child of children) under.add(child);
  let [busy, found] = [0, 0];
  for (let index = Math.floor(samples.length / 2); index < samples.length; index += 1) {
    if (byId.get(samples[index]).callFrame.functionName === '(idle)') continue;
    busy += timeDeltas[index];
    if (under.has(samples[index])) found += timeDeltas[index];
  }
  return found / busy;
}

/** A preview: the whole file is read and copied, and nothing is kept. Every file is another one. */
async function uploadMicros(world, gateway, round) {
  const { statementOf } = await import('./twin-sides.mjs');
  const form = new FormData();
  form.set('provider', 'latcom');
  form.set('kind', 'statement');
  form.set('file', new Blob([statementOf(STATEMENT_LINES, round)]), 'statement.csv');
  const before = world.cpuOf(gateway).node;
  const answer = await fetch(`${gateway.url}/v1/admin/reconciliations?preview=true`, {
    method: 'POST',
    headers: { authorization: OPERATOR },
    body: form,
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`the preview answered ${answer.status}: ${text}`);
  return (world.cpuOf(gateway).node - before) * 1e6;
}

/** Every twin in a process of its own with the gateway's flags, its standard output as little read as the gateway's. */
async function measureTwins(world) {
  const options = { execArgv: GATEWAY_FLAGS, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] };
  const env = { DATABASE_URL: await world.database('twins'), PROVIDER_PORT: world.providerPort };
  const child = world.fork('twin-sides.mjs', ['measure', String(ROUNDS)], env, options);
  const { results } = await world.message(child);
  return results;
}

const micros = (value) => (value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : String(Math.round(value)));
const percent = (share) => `${(share * 100).toFixed(1)} %`;

/** The gain by the loop alone, and by the profile: the share of our function, times what the standard tool takes more. */
function rowOf({ name, per, frame, ours, standard }, paths) {
  const ratio = median(standard.map((value, round) => value / ours[round]));
  const gain = median(standard.map((value, round) => value - ours[round]));
  const byLoop = Object.entries(per).map(([path, calls]) => [path, (gain * calls) / paths[path].micros]);
  const profiled = Object.keys(per).filter((path) => frame && paths[path].profile);
  const byProfile = profiled.map((path) => [path, shareOf(frame, paths[path].profile) * (ratio - 1)]);
  const text = (gains) => gains.map(([path, share]) => `${percent(share)} of ${path}`).join(', ') || 'none';
  const most = Math.max(...[...byLoop, ...byProfile].map(([, share]) => share));
  const cells = [name, micros(median(ours)), micros(median(standard)), ratio.toFixed(1), text(byLoop), text(byProfile)];
  return `| ${cells.join(' | ')}${most < LEAST_SHARE ? ' (too little)' : ''} |`;
}

const world = new World();
try {
  await world.open(SEEDED_ROWS);
  const twins = await measureTwins(world);
  const paths = await measurePaths(world);
  console.log(`${machineName()}, ${new Date().toISOString().slice(0, 16)}\n`);
  console.log('| path | name below | Node, µs of CPU |\n| --- | --- | --: |');
  for (const [path, title] of Object.entries(PATHS))
    console.log(`| ${title} | ${path} | ${micros(paths[path].micros)} |`);
  console.log(
    '\n| twin | ours, µs | standard, µs | ratio | gain, by the loop | gain, by the profile |\n| --- | --: | --: | --: | --- | --- |',
  );
  for (const twin of twins) console.log(rowOf(twin, paths));
} finally {
  await world.close();
}
