import type { Pool } from 'pg';
import { newUuid } from '../../src/common/ids.js';
import { Database } from '../../src/database/database.js';
import { ReplaysJob } from '../../src/webhooks/replays/replays.job.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';

const EVENTS = 12_000;
const RARE = 700;

let place: TestDatabase;
let pool: Pool;
const app = newUuid();
const signal = new AbortController().signal;

beforeAll(async () => {
  place = await createDatabase();
  pool = openPool(place, 2);
  await pool.query(`insert into apps (id, name, scopes) values ($1, 'partner', '{webhooks}')`, [app]);
  // Failures come last, so that a replay of them must look at all others first.
  await pool.query(
    `insert into transaction_events (id, transaction_id, app_id, seq, at, to_status, actor, evidence)
     select new_uuid(), new_uuid(), $1, 2, now() - interval '1 day' + n * interval '1 ms',
       case when n > $2::int - $3::int then 'failed' else 'succeeded' end, 'test', 'answer'
     from generate_series(1, $2::int) n`,
    [app, EVENTS, RARE],
  );
});

afterAll(async () => {
  await pool.end();
  await place.drop();
});

async function begin(type: string, length: string): Promise<string> {
  const [endpoint, id] = [newUuid(), newUuid()];
  await pool.query(
    `insert into webhook_endpoints (id, app_id, url, types) values ($1::uuid, $2, 'https://partner.example/' || $1::text, '{}')`,
    [endpoint, app],
  );
  await pool.query(
    `insert into webhook_replays (id, endpoint_id, app_id, from_at, to_at, types, only_missing, counted, reached_at)
     select $1, $2, $3, f, f + $5::interval, array[$4], true, 0, f from (select min(at) as f from transaction_events) e`,
    [id, endpoint, app, type, length],
  );
  return id;
}

async function stateOf(id: string): Promise<{ status: string; queued: number }> {
  const { rows } = await pool.query<{ status: string; queued: number }>(
    'select status, queued from webhook_replays where id = $1',
    [id],
  );
  if (!rows[0]) throw new Error('the replay is gone');
  return rows[0];
}

it('replays take turns, and a step looks at a limited number of events, however rare its types are', async () => {
  const rare = await begin('transaction.failed', '1 hour');
  const short = await begin('transaction.succeeded', '200 ms');
  const job = new ReplaysJob(new Database(pool));
  await job.advance(signal);
  expect(await stateOf(rare)).toEqual({ status: 'running', queued: 0 });
  expect(await stateOf(short)).toEqual({ status: 'completed', queued: 200 });
  await job.advance(signal);
  expect(await stateOf(rare)).toEqual({ status: 'running', queued: 0 });
  await job.advance(signal);
  expect(await stateOf(rare)).toEqual({ status: 'running', queued: 500 });
  await pool.query(`delete from webhook_deliveries where type = 'transaction.failed'`);
  await job.advance(signal);
  expect(await stateOf(rare)).toEqual({ status: 'completed', queued: RARE });
});
