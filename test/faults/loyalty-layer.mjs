import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { issuePass, startFleet, statusesOf, truthOf, violationsOf } from './loyalty-layer-fleet.mjs';
import { seeded } from './random.mjs';

/**
 * `npm run faults:loyalty-layer -- --count 800 --seed N`: requests passes through two gateways with one address.
 * Meanwhile LoyaltyLayer drops, truncates and fails calls, misplaces items of batches and invalidates tokens, and one
 * gateway or the other is killed with SIGKILL repeatedly. At the end no transaction may have two passes, no holder
 * another one's pass, no final status may be false, and the limit must never have been exceeded; otherwise the exit
 * code is 1. The seed decides orders, faults and kills; their timing depends on the machine. It starts its own
 * PostgreSQL, sandbox and gateways; run `npm run build` first.
 */
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '800' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    /**
     * Requests per minute, for the gateways and the sandbox. LoyaltyLayer's real limit is 100, with which a run takes
     * longer.
     */
    limit: { type: 'string', default: '150' },
    /** Time limit of the whole run, in seconds. */
    seconds: { type: 'string', default: '480' },
  },
});
const [COUNT, SEED, LIMIT] = [Number(values.count), Number(values.seed), Number(values.limit)];
const END_MS = Number(values.seconds) * 1_000;

/**
 * Probabilities of faults for each call. A call that is never answered takes the whole deadline, so that fault is rare.
 */
const LOST = {
  'drop-before': 0.02,
  'drop-after': 0.03,
  'status-500': 0.02,
  'status-502-after': 0.02,
  'status-504-after': 0.02,
  truncated: 0.02,
  html: 0.01,
  'html-after': 0.01,
  garbage: 0.01,
  'empty-204': 0.01,
  401: 0.02,
  429: 0.01,
  delay: 0.02,
  'hang-after': 0.004,
};
const FAULTS = { 'pass-create': LOST, 'pass-batch': LOST, token: { 'status-503': 0.1, 'drop-after': 0.1 } };
/** Ends of plan ids that are magic inputs; see src/sandbox/loyalty-layer/README.md. */
const ODD_PLANS = ['-400', '-500', '-502-AFTER', '-504', '-NOID', '-BATCH-MISSING', '-BATCH-SURPLUS', '-BATCH-REORDER'];
const ODD_SHARE = 0.03;
const PARTNERS = 24;
const KILL_EVERY_MS = [3_000, 8_000];
/** Probability that a kill of a gateway also invalidates all tokens. */
const DYING_TOKENS = 0.3;

const startedAt = performance.now();
const elapsedMs = () => performance.now() - startedAt;
const say = (text) => console.log(`${(elapsedMs() / 1000).toFixed(0).padStart(4)} s  ${text}`);
const streams = { orders: seeded(SEED), kills: seeded(SEED + 1) };

async function orderFaults({ sandbox }) {
  let seed = SEED;
  for (const [operation, kinds] of Object.entries(FAULTS)) {
    for (const [fault, probability] of Object.entries(kinds)) {
      seed += 1;
      const rule = { provider: 'loyalty-layer', operation, fault, probability, seed };
      await sandbox.ask('POST', '/faults', rule);
    }
  }
}

function makeOrders() {
  const random = streams.orders;
  return Array.from({ length: COUNT }, (_none, index) => ({
    reference: `faults-${SEED}-${index}`,
    planId: `LOUNGE-BASIC${random.next() < ODD_SHARE ? random.pick(ODD_PLANS) : ''}`,
    wait: random.pick([0, 0, 1, 5]),
    first: random.between(0, 1),
  }));
}

async function fire(fleet, orders, acknowledged) {
  const storm = { isOver: false };
  const killing = (async () => {
    for (let next = 0; ; next += 1) {
      await sleep(streams.kills.between(...KILL_EVERY_MS));
      if (storm.isOver) return;
      await fleet.gateways[next % 2].crash();
      if (streams.kills.next() < DYING_TOKENS) await fleet.sandbox.ask('POST', '/tokens/expire');
    }
  })();
  const queue = [...orders];
  const giveUpAt = startedAt + END_MS;
  const partner = async () => {
    for (let order = queue.shift(); order; order = queue.shift()) {
      const answer = await issuePass(fleet, { ...order, giveUpAt });
      if (answer) acknowledged.set(order.reference, answer.id);
      // Spreads the requests over a minute, so that kills and ends of windows happen during the run.
      await sleep(streams.orders.between(0, (2 * 60_000 * PARTNERS) / COUNT));
    }
  };
  await Promise.all(Array.from({ length: PARTNERS }, partner));
  say(`${acknowledged.size} of ${orders.length} acknowledged: ${JSON.stringify(await statusesOf(fleet))}`);
  await sleep(15_000);
  storm.isOver = true;
  await killing;
}

async function report(fleet, struck) {
  const { rows } = await fleet.database.query(
    `select size, count(*)::int as batches from (select count(*)::int as size from transaction_batches group by batch_id) b
     group by size order by size`,
  );
  const { counters } = await truthOf(fleet);
  say(`states: ${JSON.stringify(await statusesOf(fleet))}`);
  say(`batches by size: ${rows.map(({ size, batches }) => `${batches} of ${size}`).join(', ')}`);
  say(`kills with SIGKILL: ${fleet.gateways.map(({ kills }) => kills).join(' + ')}`);
  say(`at LoyaltyLayer: ${JSON.stringify(counters)}`);
  say(`faults struck: ${JSON.stringify(struck)}`);
}

async function main() {
  say(`seed ${SEED}, ${COUNT} passes, at most ${LIMIT} requests a minute`);
  const fleet = await startFleet({ limit: LIMIT, sandboxEnv: { SANDBOX_UPSTREAM_DELAY_MS: '5,60' } });
  try {
    await orderFaults(fleet);
    const acknowledged = new Map();
    await fire(fleet, makeOrders(), acknowledged);
    const { faults } = await fleet.sandbox.ask('GET', '/faults');
    const struck = Object.fromEntries(faults.map((one) => [`${one.operation} ${one.fault}`, one.struck]));
    await fleet.sandbox.ask('DELETE', '/faults');
    say('the faults are over');
    while (elapsedMs() < END_MS) {
      const { pending = 0 } = await statusesOf(fleet);
      if (pending === 0) break;
      say(`${pending} are pending`);
      await sleep(5_000);
    }
    await report(fleet, struck);
    const { pending = 0 } = await statusesOf(fleet);
    const found = await violationsOf(fleet, { limit: LIMIT, acknowledged, count: COUNT });
    if (pending > 0) found.push(`${pending} have no end`);
    for (const line of found.slice(0, 50)) say(`VIOLATION  ${line}`);
    say(`${found.length === 0 ? 'RIGHT' : `WRONG, ${found.length} violations`}: ${COUNT} passes, seed ${SEED}`);
    return found.length === 0 ? 0 : 1;
  } finally {
    await fleet.stop();
  }
}

process.exitCode = await main();
