import { atLeast, atMost } from './goals.mjs';
import { median } from './machine.mjs';
import { sleep } from './world.mjs';

/* Compares the path of a top-up (record, call, record, answer) with the hand-written limit and the naive gateway. */

const TOPUP = { kind: 'topup', path: '/v1/topups', status: 201, includes: '"status":"succeeded"' };
const CONNECTIONS = 128;
const FAR_LATENCY_MS = 200;
const FAR_CONNECTIONS = 256;

async function sidesOf(world) {
  return {
    gateway: await world.startGatewayWithKey(await world.database('topups_gateway')),
    batched: await world.startSide(
      'limit.mjs',
      ['batched', world.providerPort],
      await world.database('topups_batched'),
    ),
    single: await world.startSide('limit.mjs', ['single', world.providerPort], await world.database('topups_single')),
    naive: await world.startSide('naive.mjs', ['naive', world.providerPort], await world.database('topups_naive')),
  };
}

/** Runs every side once per round, in random order. */
async function rounds(world, sides, job, count, options) {
  const results = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (let round = 0; round < count; round += 1) {
    for (const name of Object.keys(sides).sort(() => Math.random() - 0.5)) {
      results[name].push(await world.measure(sides[name], job, options));
      await sleep(200);
    }
  }
  return results;
}

/** The median over the rounds of the ratio of one side's figure to the other's. */
export function ratio(results, one, other, figure = 'perSecond') {
  return median(results[one].map((result, round) => result[figure] / results[other][round][figure]));
}

export function tableOf(results) {
  const of = (list, figure) => median(list.map((result) => result[figure]));
  return Object.fromEntries(
    Object.entries(results).map(([name, list]) => [
      name,
      {
        'requests/s': Math.round(of(list, 'perSecond')),
        'p50 ms': Number(of(list, 'p50').toFixed(2)),
        'p99 ms': Number(of(list, 'p99').toFixed(2)),
        'Node µs/request': Math.round(of(list, 'nodeMicros')),
        'PostgreSQL µs/request': Math.round(of(list, 'postgresMicros')),
      },
    ]),
  );
}

export { rounds };

export async function topups({ world, scale, show }) {
  await world.setProvider({ latencyMs: 5 });
  const sides = await sidesOf(world);
  const job = { ...TOPUP, connections: CONNECTIONS, durationMs: scale.roundMs };
  for (const side of Object.values(sides)) await world.drive(side, { ...job, durationMs: scale.warmUpMs });
  const results = await rounds(world, sides, job, scale.rounds);
  show('top-ups, 128 connections, provider 5 ms', tableOf(results));

  const one = { ...TOPUP, connections: 1, durationMs: scale.shortMs };
  const { gateway, batched } = sides;
  const lonely = await rounds(world, { gateway, batched }, one, scale.shortRounds);
  show('top-ups, one connection', tableOf(lonely));
  const added = (name) => median(lonely[name].map(({ p50 }) => p50)) - 5;

  await world.setProvider({ latencyMs: FAR_LATENCY_MS });
  const far = { ...TOPUP, connections: FAR_CONNECTIONS, durationMs: scale.shortMs * 2 };
  await world.drive(gateway, far);
  const slow = await world.measure(gateway, far);
  await world.setProvider({ latencyMs: 5 });
  show('top-ups, 256 connections, provider 200 ms', tableOf({ gateway: [slow] }));
  for (const side of Object.values(sides)) await world.stop(side);
  return [
    atLeast('top-ups / natural batching', ratio(results, 'gateway', 'batched'), 0.7),
    atLeast('top-ups / one commit each', ratio(results, 'gateway', 'single'), 2),
    atLeast('top-ups / naive gateway', ratio(results, 'gateway', 'naive'), 12),
    atMost('Node CPU a top-up / natural batching', ratio(results, 'gateway', 'batched', 'nodeMicros'), 1.6),
    atMost('PostgreSQL CPU a top-up / natural batching', ratio(results, 'gateway', 'batched', 'postgresMicros'), 1.3),
    atMost('one connection: added at p50 / natural batching', added('gateway') / added('batched'), 1.25),
    atLeast(
      'provider of 200 ms: top-ups / (connections / latency)',
      slow.perSecond / ((FAR_CONNECTIONS * 1000) / FAR_LATENCY_MS),
      0.85,
    ),
  ];
}
