import { parseArgs } from 'node:util';
import { beginGovernor, drain, governor, overload, steady } from './endurance.mjs';
import { exports } from './exports.mjs';
import { flat, slowDisk, startUp } from './growth.mjs';
import { topups } from './hot-path.mjs';
import { machineName } from './machine.mjs';
import { guards, notifications, reads } from './other-paths.mjs';
import { statement } from './statements.mjs';
import { webhooks } from './webhooks.mjs';
import { World } from './world.mjs';

/*
 * `npm run bench`: compares the speed of the built gateway with that of hand-written code on the same machine at the
 * same time. README.md in this folder explains the figures.
 */
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});

const QUICK = {
  rounds: 7,
  roundMs: 2_000,
  warmUpMs: 6_000,
  shortRounds: 3,
  shortMs: 1_500,
  drainMs: 12_000,
  overloadMs: 4_000,
  governorWindows: 2,
  largeRows: 300_000,
  statementLines: 100_000,
  steadyMinutes: 0,
  seededRows: 100_000,
  /** For each of ten endpoints. */
  webhookEvents: 400,
};
const USUAL = {
  ...QUICK,
  roundMs: 5_000,
  shortRounds: 5,
  shortMs: 3_000,
  drainMs: 60_000,
  governorWindows: 4,
  largeRows: 1_000_000,
  statementLines: 1_000_000,
  webhookEvents: 1_000,
};
const FULL = { ...USUAL, largeRows: 10_000_000, steadyMinutes: 10 };
const scale = options.full ? FULL : options.quick ? QUICK : USUAL;

const STAGES = {
  topups,
  reads,
  notifications,
  guards,
  drain,
  overload,
  flat,
  exports,
  statement,
  slowDisk,
  startUp,
  webhooks,
  steady,
  governor,
};
const left = options.full ? [] : options.quick ? ['steady', 'flat', 'exports', 'statement'] : ['steady'];
const wanted = options.only?.split(',') ?? Object.keys(STAGES).filter((name) => !left.includes(name));

const show = (title, rows) => {
  if (options.json) return;
  console.log(`\n${title}`);
  console.table(rows);
};

const world = new World();
const goals = [];
const startedAt = performance.now();
try {
  await world.open(scale.seededRows);
  const governed = wanted.includes('governor') ? await beginGovernor({ world, scale }) : null;
  for (const name of wanted) {
    const begunAt = performance.now();
    try {
      goals.push(...(await STAGES[name]({ world, scale, show, governed })));
    } catch (error) {
      console.error(`${name}: ${error.stack}`);
      goals.push({ name, value: null, goal: 'measured', met: false });
    }
    if (!options.json) console.log(`(${name}: ${Math.round((performance.now() - begunAt) / 1000)} s)`);
  }
} finally {
  await world.close();
}
if (options.json) console.log(JSON.stringify({ goals }, null, 2));
else {
  console.log(
    `\n${machineName()}, ${new Date().toISOString()}, ${Math.round((performance.now() - startedAt) / 1000)} s`,
  );
  console.table(goals);
}
process.exit(goals.every(({ met }) => met) ? 0 : 1);
