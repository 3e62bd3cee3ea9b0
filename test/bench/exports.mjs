import { atMost } from './goals.mjs';
import { residentMegabytes } from './machine.mjs';

const SMALL_ROWS = 100_000;
/** The largest exported ledger. A larger one would show nothing more. */
const MOST_ROWS = 1_000_000;
const SAMPLE_MS = 50;

/** Measures the peak memory and the speed of the gateway while it exports a small and a large ledger. */
export async function exports({ world, scale, show }) {
  const largeRows = Math.min(scale.largeRows, MOST_ROWS);
  const url = world.urlOf(await world.seed('exports', largeRows));
  const gateway = await world.startGatewayWithKey(url);
  const [{ at }] = await world.sql(
    url,
    `select created_at as at from transactions order by id limit 1 offset ${Math.min(SMALL_ROWS, largeRows - 1)}`,
  );
  const upTo = at.toISOString();
  const rows = {};
  const goals = [];
  for (const type of ['text/csv', 'application/x-ndjson']) {
    // Warms up until the code is compiled and the heap has its final size.
    for (let round = 0; round < 3; round += 1) await exported(gateway, type, `?createdTo=${upTo}`);
    const small = await exported(gateway, type, `?createdTo=${upTo}`);
    const large = await exported(gateway, type, '');
    if (large.rows !== largeRows) throw new Error(`${large.rows} rows of ${largeRows}`);
    rows[`${type}, ${small.rows}`] = small;
    rows[`${type}, ${large.rows}`] = large;
    goals.push(atMost(`exports: memory, ${type}, large / small`, large.peakMegabytes / small.peakMegabytes, 1.25));
  }
  show('exports', rows);
  await world.stop(gateway);
  return goals;
}

async function exported({ child, url, authorization }, accept, query) {
  let peakMegabytes = 0;
  const timer = setInterval(() => {
    peakMegabytes = Math.max(peakMegabytes, residentMegabytes(child.pid));
  }, SAMPLE_MS);
  const begunAt = performance.now();
  const answer = await fetch(`${url}/v1/transactions/export${query}`, { headers: { authorization, accept } });
  if (!answer.ok) throw new Error(`the export answered ${answer.status}`);
  let lines = 0;
  let bytes = 0;
  for await (const chunk of answer.body) {
    bytes += chunk.length;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
  }
  clearInterval(timer);
  peakMegabytes = Math.max(peakMegabytes, residentMegabytes(child.pid));
  const seconds = (performance.now() - begunAt) / 1_000;
  const count = lines - (accept === 'text/csv' ? 1 : 0);
  return {
    rows: count,
    seconds: Number(seconds.toFixed(2)),
    megabytes: Math.round(bytes / 1024 / 1024),
    rowsPerSecond: Math.round(count / seconds),
    peakMegabytes: Math.round(peakMegabytes),
  };
}
