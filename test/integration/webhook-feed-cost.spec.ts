import { jest } from '@jest/globals';
import type { Pool } from 'pg';
import { newUuid } from '../../src/common/ids.js';
import { Database } from '../../src/database/database.js';
import { EventFeed } from '../../src/webhooks/events/event-feed.service.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';

let place: TestDatabase;
let pool: Pool;
let database: Database;
let feed: EventFeed;
const app = newUuid();
const transaction = newUuid();

beforeAll(async () => {
  place = await createDatabase();
  pool = openPool(place, 2);
  database = new Database(pool);
  feed = new EventFeed(database);
  await pool.query(
    `insert into transactions (id, app_id, type, provider, status, detail) values ($1, $2, 'topup', 'latcom', 'pending', '{}')`,
    [transaction, app],
  );
});

afterAll(async () => {
  await pool.end();
  await place.drop();
});

/** An event that was written `delay` after its id was made. Returns its id. */
async function event(seq: number, delay: string, status = 'pending'): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    `insert into transaction_events (id, transaction_id, app_id, seq, at, to_status, actor, evidence)
     select (lpad(to_hex((extract(epoch from t) * 1000)::bigint), 12, '0') || right(replace(new_uuid()::text, '-', ''), 20))::uuid,
       $1, $2, $3,
       t + $4::interval, $5, 'test', 'answer' from (select now() - interval '1 day' as t) x
     returning id`,
    [transaction, app, seq, delay, status],
  );
  return rows[0]?.id ?? '';
}

it('an event is found by its id if it was written within an hour of it', async () => {
  for (const [seq, delay] of ['-30 s', '10 ms', '5 min', '59 min'].entries()) {
    const id = await event(seq + 1, delay);
    expect([delay, (await feed.position(app, id))?.id]).toEqual([delay, id]);
  }
  expect(await feed.position(app, await event(5, '61 min'))).toBeNull();
});

it('a full page reads only itself; one that is not full says how far it looked', async () => {
  await event(6, '2 h', 'succeeded');
  await event(7, '2 h', 'succeeded');
  const last = await event(8, '2 h', 'processing');
  const query = jest.spyOn(database, 'query');
  const request = { appId: app, after: null, types: ['transaction.succeeded'] as const };
  const full = await feed.page({ ...request, limit: 1 });
  expect([full.rows.length, full.goesOn, query.mock.calls.length]).toEqual([1, true, 2]);
  expect(full.reached?.id).toBe(full.rows[0]?.id);
  const rest = await feed.page({ ...request, limit: 5 });
  expect([rest.rows.length, rest.goesOn, query.mock.calls.length]).toEqual([2, false, 5]);
  expect(rest.reached?.id).toBe(last);
});
