import { atLeast, atMost } from './goals.mjs';
import { ratio, rounds, tableOf } from './hot-path.mjs';
import { median } from './machine.mjs';
import { SEEDED_APP, sleep } from './world.mjs';

/* Measures what webhooks cost the top-ups, how many are sent, and how soon. */

const TOPUP = { kind: 'topup', path: '/v1/topups', status: 201, includes: '"status":"succeeded"' };
const CONNECTIONS = 128;
const ENDPOINTS = 10;
const RATE_PER_SECOND = 200;
/** Receivers on this machine are reached with http, which is not allowed in production. */
const ENV = { NODE_ENV: 'test' };

export async function webhooks({ world, scale, show }) {
  await world.setProvider({ latencyMs: 5 });
  const sink = world.fork('webhook-sink.mjs', [], {});
  const { port } = await world.message(sink);
  const urlOf = (name) => `http://127.0.0.1:${port}/${name}`;
  const goals = [
    ...(await besideTopups({ world, scale, show, sink, urlOf })),
    ...(await drained({ world, scale, show, sink, urlOf })),
  ];
  sink.kill();
  return goals;
}

/** The time of 200 top-ups a second until their webhooks arrive, and top-ups at full speed with and without webhooks. */
async function besideTopups({ world, scale, show, sink, urlOf }) {
  const start = async (name) => world.startGatewayWithKey(await world.database(name), { env: ENV });
  const sides = { without: await start('webhooks_without'), with: await start('webhooks_with') };
  await createEndpoint(sides.with, urlOf('app'));
  const job = { ...TOPUP, connections: CONNECTIONS };
  for (const side of Object.values(sides)) await world.drive(side, { ...job, durationMs: scale.warmUpMs });
  await settled(world, sides.with);

  await world.ask(sink, {});
  const paced = { ...job, ratePerSecond: RATE_PER_SECOND, durationMs: scale.roundMs * 2 };
  const { answered } = await world.drive(sides.with, paced);
  await settled(world, sides.with);
  const delay = await world.ask(sink, {});
  show(`webhooks at ${RATE_PER_SECOND} events a second`, { gateway: { events: answered, ...delay } });

  const startedAt = performance.now();
  const results = await rounds(world, sides, { ...job, durationMs: scale.roundMs }, scale.rounds);
  const seconds = (performance.now() - startedAt) / 1000;
  const { count } = await world.ask(sink, {});
  const topups = results.with.reduce((sum, { result }) => sum + result.answered, 0);
  show('top-ups with and without an endpoint of the app', tableOf(results));
  const all = { topups, deliveries: count, 'deliveries/s': Math.round(count / seconds) };
  show('deliveries during the rounds', { gateway: all });
  await settled(world, sides.with);
  for (const side of Object.values(sides)) await world.stop(side);
  return [
    atMost(`webhooks: commit to receiver, p99 at ${RATE_PER_SECOND} a second, ms`, delay.p99 ?? Infinity, 100),
    atLeast('top-ups with an endpoint / without', ratio(results, 'with', 'without'), 0.93),
    atLeast('webhooks sent / top-ups, in the time of the rounds', count / topups, 0.5),
  ];
}

/** Deliveries that wait at ten endpoints, until all are sent. */
async function drained({ world, scale, show, sink, urlOf }) {
  const urls = { gateway: await world.database('drain_gateway'), loop: await world.database('drain_loop') };
  const gateway = await world.startGatewayWithKey(urls.gateway, { env: ENV });
  for (let number = 0; number < ENDPOINTS; number += 1) await createEndpoint(gateway, urlOf(number));
  const copy = `insert into webhook_endpoints (id, app_id, url, types) select gen_random_uuid(), '${SEEDED_APP}',
    '${urlOf('')}' || n, '{}' from generate_series(1, ${ENDPOINTS}) n`;
  await world.sql(urls.loop, copy);
  const loop = await world.startSide('webhook-loop.mjs', [], urls.loop);
  const speeds = { gateway: [], loop: [] };
  const events = scale.webhookEvents;
  loop.child.send('go');
  for (let round = -1; round < scale.shortRounds; round += 1) {
    for (const name of Object.keys(urls).sort(() => Math.random() - 0.5)) {
      await world.ask(sink, {});
      await queue(world, urls[name], round + 1, events);
      const startedAt = performance.now();
      await settled(world, { databaseUrl: urls[name] });
      const perSecond = (events * ENDPOINTS * 1000) / (performance.now() - startedAt);
      const { count } = await world.ask(sink, {});
      if (count !== events * ENDPOINTS) throw new Error(`${name}: ${count} of ${events * ENDPOINTS} deliveries came`);
      // The first round is for warming up.
      if (round >= 0) speeds[name].push(perSecond);
    }
  }
  show(
    'deliveries a second, ten endpoints',
    Object.fromEntries(
      Object.entries(speeds).map(([name, list]) => [name, { 'deliveries/s': Math.round(median(list)) }]),
    ),
  );
  for (const side of [gateway, loop]) await world.stop(side);
  const ratios = speeds.gateway.map((speed, round) => speed / speeds.loop[round]);
  return [atLeast('deliveries a second / a hand-written loop', median(ratios), 0.6)];
}

async function createEndpoint({ url, authorization }, to) {
  const headers = { authorization, 'content-type': 'application/json' };
  const body = JSON.stringify({ url: to });
  const answer = await fetch(`${url}/v1/webhook-endpoints`, { method: 'POST', headers, body });
  if (!answer.ok) throw new Error(`an endpoint was answered ${answer.status}: ${await answer.text()}`);
}

/** Queues seeded events for all endpoints, others in each round. */
async function queue(world, url, round, events) {
  await world.sql(
    url,
    `insert into webhook_deliveries (endpoint_id, transaction_id, seq, id, app_id, event_id, type)
     select p.id, e.transaction_id, e.seq, new_uuid(), e.app_id, e.id, 'transaction.succeeded'
     from webhook_endpoints p cross join (
       select * from transaction_events where to_status = 'succeeded' order by at offset ${round * events} limit ${events}
     ) e`,
  );
}

async function settled(world, { databaseUrl }) {
  const left = 'select from webhook_deliveries where due_at is not null limit 1';
  for (let tries = 0; (await world.sql(databaseUrl, left)).length > 0; tries += 1) {
    if (tries > 6_000) throw new Error('deliveries are left after a minute');
    await sleep(10);
  }
}
