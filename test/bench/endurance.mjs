import { atLeast, atMost } from './goals.mjs';
import { residentMegabytes } from './machine.mjs';
import { sleep } from './world.mjs';

const ACCRUAL = { kind: 'accrual', path: '/v1/accruals', status: 202 };
const TOPUP = { kind: 'topup', path: '/v1/topups', status: 201, includes: '"status":"succeeded"' };
const PASSES_PER_MINUTE = 100;
const MINUTE_MS = 60_000;

/** Begins to request more passes than LoyaltyLayer permits. It continues in the background during the other stages. */
export async function beginGovernor({ world, scale }) {
  const gateway = await world.startGatewayWithKey(await world.database('governor'), { env: { LOG_LEVEL: 'silent' } });
  const passes = PASSES_PER_MINUTE * (scale.governorWindows + 2);
  const headers = { authorization: gateway.authorization, 'content-type': 'application/json', prefer: 'wait=0' };
  for (let index = 0; index < passes; index += 1) {
    const body = {
      reference: `pass-${index}`,
      planId: 'LOUNGE-BASIC',
      holder: { firstName: 'Ana', lastName: 'Souza' },
    };
    const answer = await fetch(`${gateway.url}/v1/passes`, {
      method: 'POST',
      headers: { ...headers, 'idempotency-key': `pass-${index}` },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`a pass was answered ${answer.status}: ${await answer.text()}`);
  }
  return gateway;
}

/**
 * The ratio of requests that arrived, including logins, to permitted ones, over all windows since the first request;
 * and the maximum per window.
 */
export async function governor({ world, scale, show, governed }) {
  const { passes } = await world.setProvider({ latencyMs: 5 });
  const windows = scale.governorWindows;
  // The permits of a window that has just begun need a moment to be used.
  const endsAt = passes[0] + windows * MINUTE_MS - 1_000;
  await sleep(Math.max(endsAt - Date.now(), 0));
  const all = (await world.setProvider({ latencyMs: 5 })).passes.filter((at) => at < endsAt);
  await world.stop(governed);
  const most = Math.max(...all.map((from) => all.filter((at) => at >= from && at < from + MINUTE_MS).length));
  const share = all.length / (windows * PASSES_PER_MINUTE);
  show('LoyaltyLayer governor', { gateway: { windows, sent: all.length, 'most in a minute': most } });
  return [
    atLeast('LoyaltyLayer governor / permitted rate', share, 0.98),
    atMost('LoyaltyLayer governor: most in any minute', most, PASSES_PER_MINUTE),
  ];
}

async function countOf(world, url, where) {
  const [{ count }] = await world.sql(url, `select count(*)::int as count from transactions where ${where}`);
  return count;
}

/**
 * Accepts more than the provider's capacity, then kills the gateway with SIGKILL. All acknowledged operations must
 * still become final.
 */
export async function drain({ world, scale, show }) {
  const capacity = 400;
  const latencyMs = 50;
  await world.setProvider({ latencyMs, capacity: (capacity * latencyMs) / 1000 });
  const url = await world.database('drain');
  let gateway = await world.startGatewayWithKey(url);
  const job = { ...ACCRUAL, connections: 32, collectIds: true };
  const first = await world.drive(gateway, { ...job, ratePerSecond: capacity * 2, durationMs: 3_000 });
  const memoryBefore = residentMegabytes(gateway.child.pid);
  const accruals = `status = 'processing' and reference like 'bench-%'`;
  const doneBefore = await countOf(world, url, accruals);
  const startedAt = performance.now();
  const seen = await world.drive(gateway, { ...job, ratePerSecond: capacity * 2, durationMs: scale.drainMs });
  const done = (await countOf(world, url, accruals)) - doneBefore;
  const perSecond = (done * 1000) / (performance.now() - startedAt);
  const memory = residentMegabytes(gateway.child.pid);
  await world.stop(gateway, 'SIGKILL');
  gateway = await world.startGateway(url, { port: gateway.port });
  const acknowledged = first.answered + seen.answered;
  const giveUpAt = performance.now() + 120_000;
  let finished = 0;
  while (finished < acknowledged && performance.now() < giveUpAt) {
    await sleep(500);
    finished = await countOf(world, url, accruals);
  }
  await world.stop(gateway);
  await world.setProvider({ latencyMs: 5 });
  show('intake above capacity', {
    gateway: {
      acknowledged,
      'completed/s': Math.round(perSecond),
      capacity,
      'MB before': memoryBefore,
      'MB after': memory,
    },
  });
  return [
    atLeast('drain: completions / capacity', perSecond / capacity, 0.9),
    atMost('drain: memory at the end / at the begin', memory / memoryBefore, 1.2),
    atLeast('drain: finished after kill -9 / acknowledged', finished / acknowledged, 1),
  ];
}

/**
 * Sends five times the capacity. Excess requests must be refused before anything is recorded, and a second after the
 * overload all requests must succeed.
 */
export async function overload({ world, scale, show }) {
  const url = await world.database('overload');
  const gateway = await world.startGatewayWithKey(url);
  const job = { ...TOPUP, connections: 128, durationMs: scale.shortMs };
  await world.drive(gateway, job);
  const usual = await world.measure(gateway, job);
  const before = await countOf(world, url, `reference like 'bench-%'`);
  const much = {
    ...TOPUP,
    connections: 4_000,
    ratePerSecond: usual.perSecond * 5,
    durationMs: scale.overloadMs,
    sheds: true,
  };
  const seen = await world.drive(gateway, much);
  const memory = residentMegabytes(gateway.child.pid);
  const recorded = (await countOf(world, url, `reference like 'bench-%'`)) - before;
  await sleep(1_000);
  const after = await world.measure(gateway, job);
  let open = 1;
  for (let tries = 0; open > 0 && tries < 30; tries += 1) {
    open = await countOf(world, url, `reference like 'bench-%' and status <> 'succeeded'`);
    if (open > 0) await sleep(500);
  }
  await world.stop(gateway);
  show('overload', {
    usual: { 'requests/s': Math.round(usual.perSecond), 'p99 ms': usual.p99 },
    overload: {
      'requests/s': Math.round((seen.answered * 1000) / seen.elapsedMs),
      'p99 ms': seen.latencies.p99,
      shed: seen.shed,
    },
    afterwards: { 'requests/s': Math.round(after.perSecond), 'p99 ms': after.p99 },
  });
  return [
    atLeast('overload: answered 503 overloaded', seen.shed, 1),
    atMost('overload: recorded without having been accepted', Math.max(recorded - seen.answered, 0), 0),
    atMost('overload: accepted and not completed', open, 0),
    atLeast('overload: throughput a second later / before', after.perSecond / usual.perSecond, 0.9),
    atMost('overload: resident memory, MB', memory, 300),
  ];
}

/** Runs for minutes at 80 % of the maximum. Latency and memory must not grow. */
export async function steady({ world, scale, show }) {
  const gateway = await world.startGatewayWithKey(await world.database('steady'));
  const job = { ...TOPUP, connections: 128, durationMs: scale.roundMs };
  await world.drive(gateway, job);
  const { perSecond } = await world.measure(gateway, job);
  const minutes = [];
  for (let minute = 0; minute < scale.steadyMinutes; minute += 1) {
    const seen = await world.drive(gateway, {
      ...job,
      connections: 512,
      ratePerSecond: perSecond * 0.8,
      durationMs: MINUTE_MS,
      mayShed: true,
    });
    const { answered, shed } = seen;
    minutes.push({ p99: seen.latencies.p99, memory: residentMegabytes(gateway.child.pid), answered, shed });
  }
  await world.stop(gateway);
  const second = minutes[1] ?? minutes[0];
  const last = minutes.at(-1);
  show('steady at 80 %', Object.fromEntries(minutes.map((figures, minute) => [`minute ${minute + 1}`, figures])));
  return [
    atMost('steady: p99 of the last minute / of the second', last.p99 / second.p99, 1.2),
    atMost('steady: memory of the last minute / of the second', last.memory / second.memory, 1.2),
    atMost(
      'steady: refused',
      minutes.reduce((sum, { shed }) => sum + shed, 0),
      0,
    ),
    atMost('steady: resident memory, MB', Math.max(...minutes.map(({ memory }) => memory)), 300),
  ];
}
