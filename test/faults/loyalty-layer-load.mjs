import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { issuePass, startFleet, statusesOf, truthOf, violationsOf } from './loyalty-layer-fleet.mjs';

/**
 * `npm run load:loyalty-layer -- --limit 100 --times 3 --seconds 120`: two gateways with one address get three times as
 * many passes per minute as LoyaltyLayer allows requests, once with coalescing and once without. Prints LoyaltyLayer's
 * request counts, passes per minute, and the duration of a create at low load. The exit code is 1 when the limit was
 * exceeded, or a pass is missing, duplicated or mixed up. It starts its own PostgreSQL, sandbox and gateways; run `npm
 * run build` first.
 */
const { values } = parseArgs({
  options: {
    limit: { type: 'string', default: '100' },
    /** The demand as a multiple of the limit. 0: measures only a create at low load. */
    times: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '120' },
    /** Runs with coalescing: `both`, `on` or `off`. */
    coalescing: { type: 'string', default: 'both' },
  },
});
const [LIMIT, TIMES, SECONDS] = [Number(values.limit), Number(values.times), Number(values.seconds)];
const LOW_LOAD_PASSES = 30;
const LOW_LOAD_EVERY_MS = 400;
/**
 * Time for waiting passes after the demand has ended. Without coalescing they would take minutes, so they stay pending.
 */
const DRAIN_MS = 75_000;

const say = (text) => console.log(text);

function quantile(list, part) {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted.length === 0 ? NaN : sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)];
}

async function lowLoad(fleet, acknowledged) {
  const took = [];
  for (let index = 0; index < LOW_LOAD_PASSES; index += 1) {
    const startedAt = performance.now();
    const reference = `low-${index}`;
    const answer = await issuePass(fleet, { reference, wait: 10, first: index % 2, giveUpAt: startedAt + 40_000 });
    took.push(performance.now() - startedAt);
    acknowledged.set(reference, answer?.id);
    await sleep(LOW_LOAD_EVERY_MS);
  }
  return took;
}

/** Requests passes at a constant rate, whether or not earlier ones are answered. */
async function demand(fleet, acknowledged) {
  const count = Math.round((LIMIT * TIMES * SECONDS) / 60);
  const startedAt = performance.now();
  const giveUpAt = startedAt + SECONDS * 1_000 + 60_000;
  const answers = [];
  for (let index = 0; index < count; index += 1) {
    await sleep(Math.max(startedAt + (index * SECONDS * 1_000) / count - performance.now(), 0));
    const from = performance.now();
    const order = { reference: `load-${index}`, wait: 10, first: index % 2, giveUpAt };
    answers.push(
      issuePass(fleet, order).then((answer) => {
        acknowledged.set(order.reference, answer?.id);
        return { isIssued: answer?.status === 'succeeded', tookMs: performance.now() - from };
      }),
    );
  }
  await sleep(Math.max(startedAt + SECONDS * 1_000 - performance.now(), 0));
  const issued = (await truthOf(fleet)).created.length;
  return { count, issued, answers: await Promise.all(answers) };
}

async function drain(fleet) {
  const startedAt = performance.now();
  while (performance.now() - startedAt < DRAIN_MS) {
    const { pending = 0 } = await statusesOf(fleet);
    if (pending === 0) break;
    await sleep(500);
  }
  return (performance.now() - startedAt) / 1_000;
}

async function run(coalescing) {
  const sandboxEnv = { SANDBOX_UPSTREAM_DELAY_MS: '40,60' };
  const env = { LOYALTY_LAYER_COALESCING: String(coalescing) };
  const fleet = await startFleet({ limit: LIMIT, env, sandboxEnv });
  try {
    say(`\ncoalescing ${coalescing ? 'on' : 'off'}`);
    const acknowledged = new Map();
    const low = await lowLoad(fleet, acknowledged);
    say(`  low load: median ${quantile(low, 0.5).toFixed(0)} ms, p95 ${quantile(low, 0.95).toFixed(0)} ms a pass`);
    if (TIMES === 0) return 0;
    // Waits until the requests of the low load have left the window, so that the figures below show only the demand.
    await sleep(60_000);
    const { calls: before = {} } = (await truthOf(fleet)).counters;
    const { count, issued, answers } = await demand(fleet, acknowledged);
    const drainSeconds = coalescing ? await drain(fleet) : 0;
    const { counters } = await truthOf(fleet);
    const sum = (calls) => Object.values(calls).reduce((total, one) => total + one, 0);
    const inTime = answers.filter(({ isIssued }) => isIssued);
    const states = await statusesOf(fleet);
    say(`  ${count} passes asked for in ${SECONDS} s (${LIMIT * TIMES} a minute)`);
    say(`  passes per minute: ${(((issued - LOW_LOAD_PASSES) * 60) / SECONDS).toFixed(0)}`);
    say(`  requests at LoyaltyLayer: ${sum(counters.calls) - sum(before)}: ${JSON.stringify(counters.calls)}`);
    say(`  most in any 60 s: ${counters.mostRequestsInWindow} of ${LIMIT}; exceeded: ${counters.violations} times`);
    say(
      `  answered with the pass within 10 s: ${inTime.length}, median ${quantile(
        inTime.map(({ tookMs }) => tookMs),
        0.5,
      ).toFixed(0)} ms`,
    );
    say(`  states: ${JSON.stringify(states)}${coalescing ? ` after ${drainSeconds.toFixed(1)} s more` : ''}`);
    const found = await violationsOf(fleet, { limit: LIMIT, acknowledged, count: count + LOW_LOAD_PASSES });
    if (coalescing && states.succeeded !== count + LOW_LOAD_PASSES) found.push('not all passes were issued');
    for (const line of found.slice(0, 20)) say(`  VIOLATION  ${line}`);
    return found.length;
  } finally {
    await fleet.stop();
  }
}

let found = 0;
for (const coalescing of [true, false]) {
  if (values.coalescing === 'both' || values.coalescing === (coalescing ? 'on' : 'off')) found += await run(coalescing);
}
say(found === 0 ? '\nRIGHT' : `\nWRONG: ${found} violations`);
process.exitCode = found === 0 ? 0 : 1;
