import { createReadStream, createWriteStream, openAsBlob, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { basic, sleep, World } from './world.mjs';

/*
 * `npm run bench:statement [-- --lines 1000000]`: measures the comparison of a statement of `lines` lines with a ledger
 * of equally many top-ups. The baseline is the minimal work: COPY of the file and one SQL full join. Memory is compared
 * with that for a tenth of the lines.
 */

const ADMIN = { username: 'admin', password: 'admin-password-of-the-bench' };
const HEADER = 'distributor_transaction_id,status,amount,currency,date\n';
/** The number of differences of each class that a line or a missing line can cause. Each is in its own row. */
const PLANTED = {
  amount_mismatch: 40,
  status_conflict: 30,
  missing_in_ledger: 50,
  missing_at_provider: 60,
  duplicate_at_provider: 20,
};
const ROUNDS = 3;
const MAX_RATIO = 3;
const MIN_SPEED = 0.7;
const MAX_MEMORY = 1.3;

const at = process.argv.indexOf('--lines');
const LINES = at < 0 ? 1_000_000 : Number(process.argv[at + 1]);

/** A past day that is too recent for the purge, which would run during the measurement. */
const DAY_MS = new Date(Date.now() - 2 * 86_400_000).setUTCHours(0, 0, 0, 0);
const DAY = new Date(DAY_MS).toISOString();
/** The beginning of UUIDs v7 of that day. */
const ID_BEGIN = DAY_MS.toString(16)
  .padStart(12, '0')
  .replace(/(?=.{4}$)/, '-');

const idOf = (n) => `${ID_BEGIN}-7000-8000-${n.toString(16).padStart(12, '0')}`;
const timeOf = (lines, n) => new Date(DAY_MS + (n * 86_000_000) / lines).toISOString();

/** Seeds top-ups of one day, one for each line and one for each missing line, and analyzes the tables. */
async function seed(world, name, lines) {
  await world.seed(name, 0);
  const url = world.urlOf(name);
  await world.sql(
    url,
    `insert into transactions (id, app_id, type, provider, status, quantity, unit, detail, created_at, completed_at)
     select ('${ID_BEGIN}-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, (select id from apps limit 1), 'topup', 'latcom',
       'succeeded', 1000, 'MXN', '{}', at, at
     from (select n, timestamptz '${DAY}' + n * interval '86000 s' / ${lines} as at
       from generate_series(0, ${lines + PLANTED.missing_at_provider - 1}) n) rows`,
  );
  await world.sql(url, 'vacuum (analyze)');
  return url;
}

/** Writes the statement. Its last line is later than all transactions of the ledger. */
async function writeStatement(path, lines) {
  const file = createWriteStream(path);
  const write = async (text) => file.write(text) || once(file, 'drain');
  await write(HEADER);
  const late = new Date(DAY_MS + 86_340_000).toISOString();
  for (let n = 0; n < PLANTED.missing_in_ledger; n += 1) {
    await write(`${ID_BEGIN}-7000-9000-${String(n).padStart(12, '0')},SUCCESS,10.00,MXN,${late}\n`);
  }
  for (let n = 0; n < PLANTED.duplicate_at_provider; n += 1)
    await write(`${idOf(1_000 + n)},SUCCESS,10.00,MXN,${late}\n`);
  for (let n = 0; n < lines; n += 1) {
    const amount = n < PLANTED.amount_mismatch ? '20.00' : '10.00';
    const status = n >= 100 && n < 100 + PLANTED.status_conflict ? 'FAIL' : 'SUCCESS';
    await write(`${idOf(n)},${status},${amount},MXN,${timeOf(lines, n)}\n`);
  }
  file.end();
  await once(file, 'close');
}

async function bare(url, path) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const startedAt = performance.now();
  await client.query('create temp table raw (id uuid, status text, amount numeric, currency text, date timestamptz)');
  await pipeline(createReadStream(path), client.query(copyFrom('copy raw from stdin (format csv, header)')));
  const { rows } = await client.query(
    `select count(*) filter (where t.id is null)::int as missing, count(*) filter (where r.id is null)::int as absent,
       count(*) filter (where t.quantity <> r.amount * 100)::int as amount,
       count(*) filter (where (r.status = 'SUCCESS') <> (t.status = 'succeeded'))::int as status
     from raw r full join (select * from transactions where provider = 'latcom') t on t.id = r.id`,
  );
  const seconds = (performance.now() - startedAt) / 1000;
  await client.end();
  const { missing, absent, amount, status } = rows[0];
  const right =
    missing === PLANTED.missing_in_ledger &&
    absent === PLANTED.missing_at_provider &&
    amount === PLANTED.amount_mismatch &&
    status === PLANTED.status_conflict;
  if (!right) throw new Error(`the full join found something else: ${JSON.stringify(rows[0])}`);
  return seconds;
}

function residentMb({ child }) {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1024;
}

async function reconcile(gateway, path) {
  const form = new FormData();
  form.set('provider', 'latcom');
  form.set('kind', 'statement');
  form.set('file', await openAsBlob(path), 'statement.csv');
  const headers = { authorization: basic(ADMIN) };
  const startedAt = performance.now();
  const answer = await fetch(`${gateway.url}/v1/admin/reconciliations`, { method: 'POST', headers, body: form });
  if (answer.status !== 202) throw new Error(`answered ${answer.status}: ${await answer.text()}`);
  const uploadedAt = performance.now();
  const { id } = await answer.json();
  for (;;) {
    const run = await (await fetch(`${gateway.url}/v1/admin/reconciliations/${id}`, { headers })).json();
    if (run.status === 'completed') {
      const exact =
        JSON.stringify(Object.entries(run.counts).sort()) === JSON.stringify(Object.entries(PLANTED).sort());
      const seconds = (performance.now() - startedAt) / 1000;
      return { seconds, uploadSeconds: (uploadedAt - startedAt) / 1000, exact, counts: run.counts };
    }
    if (run.status === 'failed') throw new Error(run.failure);
    await sleep(50);
  }
}

/**
 * The shortest time of several runs of each side. The sides take turns, each with a copy of the database, so that other
 * load on the machine disturbs only some runs.
 */
async function measure(world, name, lines) {
  const url = await seed(world, name, lines);
  const path = join(world.folder, `${name}.csv`);
  await writeStatement(path, lines);
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const copy = `${name}_${round}`;
    await world.sql(world.server.migrationUrl, `create database ${copy} template ${name}`);
    const bareSeconds = await bare(url, path);
    const gateway = await world.startGateway(world.urlOf(copy));
    const found = await reconcile(gateway, path);
    rounds.push({ ...found, bareSeconds, memoryMb: residentMb(gateway) });
    await world.stop(gateway);
  }
  return {
    ...rounds[0],
    seconds: Math.min(...rounds.map((one) => one.seconds)),
    uploadSeconds: Math.min(...rounds.map((one) => one.uploadSeconds)),
    bareSeconds: Math.min(...rounds.map((one) => one.bareSeconds)),
    memoryMb: Math.max(...rounds.map((one) => one.memoryMb)),
    exact: rounds.every((one) => one.exact),
  };
}

const world = new World();
try {
  await world.open(1_000);
  const small = await measure(world, 'statement_small', LINES / 10);
  const large = await measure(world, 'statement_large', LINES);
  const ratio = large.seconds / large.bareSeconds;
  const goals = [
    { name: 'statement: time / bare COPY and join', value: ratio, goal: `<= ${MAX_RATIO}`, met: ratio <= MAX_RATIO },
    { name: 'statement: speed / bare', value: 1 / ratio, goal: `>= ${MIN_SPEED}`, met: 1 / ratio >= MIN_SPEED },
    {
      name: 'statement: memory, all lines / a tenth',
      value: large.memoryMb / small.memoryMb,
      goal: `<= ${MAX_MEMORY}`,
      met: large.memoryMb / small.memoryMb <= MAX_MEMORY,
    },
    {
      name: 'statement: exactly what was planted',
      value: large.exact && small.exact,
      goal: true,
      met: large.exact && small.exact,
    },
  ];
  console.log(JSON.stringify({ lines: LINES, small, large, goals }, null, 2));
  process.exitCode = goals.every((goal) => goal.met) ? 0 : 1;
} finally {
  await world.close();
}
