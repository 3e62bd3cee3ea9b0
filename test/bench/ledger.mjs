import pg from 'pg';
import { median } from './machine.mjs';
import { basic, sleep, World } from './world.mjs';

/*
 * `npm run bench:ledger [-- --rows 1000000]`: measures sealing and verifying a ledger of `rows` transactions with one
 * manipulated row, and the cost of a page compared with a ledger of 10,000.
 */

const ADMIN = { username: 'admin', password: 'admin-password-of-the-bench' };
const SMALL_ROWS = 10_000;
const MAX_PAGE_RATIO = 1.3;
const PAGES = 300;

const at = process.argv.indexOf('--rows');
const ROWS = at < 0 ? 1_000_000 : Number(process.argv[at + 1]);

async function get({ url, authorization = basic(ADMIN) }, path) {
  const startedAt = performance.now();
  const answer = await fetch(url + path, { headers: { authorization } });
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return { body, ms: performance.now() - startedAt };
}

const verify = (gateway) => get(gateway, '/v1/admin/ledger/verify');

/** Measures both ledgers in turn, so that other load on the machine affects both. */
async function pages(sides, path) {
  const times = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (let round = 0; round < PAGES; round += 1) {
    for (const [name, side] of Object.entries(sides)) {
      const { ms } = await get(side, path);
      if (round >= PAGES / 10) times[name].push(ms);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)]));
}

async function sealed(world, gateway, url) {
  const startedAt = performance.now();
  const [{ rows }] = await world.sql(
    url,
    `select ((select count(*) from transaction_events) + (select count(*) from ledger_entries))::int as rows`,
  );
  for (;;) {
    const [{ done }] = await world.sql(url, 'select coalesce(sum(rows), 0)::int as done from ledger_seals');
    if (done >= rows) return { rows, seconds: (performance.now() - startedAt) / 1000 };
    await sleep(500);
  }
}

/** Changes a row like an attacker who owns the database. */
async function plant(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('set session_replication_role = replica');
  const { rows } = await client.query(
    `update transaction_events set actor = 'somebody else' where (transaction_id, seq) in (
       select transaction_id, seq from transaction_events where seq = 2 order by transaction_id offset ${Math.floor(ROWS / 2)} limit 1)
     returning transaction_id as id`,
  );
  await client.end();
  return rows[0].id;
}

const world = new World();
try {
  await world.open(1_000);
  const urls = {
    small: world.urlOf(await world.seed('ledger_small', SMALL_ROWS)),
    large: world.urlOf(await world.seed('ledger_large', ROWS)),
  };
  const sides = {
    large: await world.startGatewayWithKey(urls.large),
    small: await world.startGatewayWithKey(urls.small),
  };
  const sealing = await sealed(world, sides.large, urls.large);
  const page = await pages(sides, '/v1/transactions?limit=25');
  const filtered = await pages(sides, '/v1/transactions?limit=25&type=accrual&status=processing');
  const clean = await verify({ url: sides.large.url });
  const id = await plant(urls.large);
  const found = await verify({ url: sides.large.url });
  const goals = [
    { name: 'page, large / small', value: page.large / page.small, goal: `<= ${MAX_PAGE_RATIO}` },
    { name: 'filtered page, large / small', value: filtered.large / filtered.small, goal: `<= ${MAX_PAGE_RATIO}` },
    { name: 'verify: right before', value: clean.body.ok, goal: true },
    { name: 'verify: names the changed row', value: found.body.fault?.transactionId === `txn_${id}`, goal: true },
  ].map((goal) => ({ ...goal, met: goal.goal === true ? goal.value === true : goal.value <= MAX_PAGE_RATIO }));
  const seconds = { sealing: sealing.seconds, verify: clean.ms / 1000, verifyToFault: found.ms / 1000 };
  console.log(
    JSON.stringify({ transactions: ROWS, rows: sealing.rows, seconds, pageMs: { page, filtered }, goals }, null, 2),
  );
  process.exitCode = goals.every((goal) => goal.met) ? 0 : 1;
} finally {
  await world.close();
}
