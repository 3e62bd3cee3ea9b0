import type { Pool } from 'pg';
import { newUuid } from '../../src/common/ids.js';
import { Database } from '../../src/database/database.js';
import { ExpiryJob } from '../../src/webhooks/deliveries/expiry.job.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';

let place: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  place = await createDatabase();
  pool = openPool(place, 1);
});

afterAll(async () => {
  await pool.end();
  await place.drop();
});

it('what waits for more than seven days expires, also of a disabled endpoint, but not what is being sent', async () => {
  const [up, off] = [newUuid(), newUuid()];
  await pool.query(
    `insert into webhook_endpoints (id, app_id, url, types, disabled_at, disabled_reason)
     values ($1, $3, 'https://partner.example/up', '{}', null, null),
       ($2, $3, 'https://partner.example/off', '{}', now(), 'failing')`,
    [up, off, newUuid()],
  );
  const rows = [
    [up, 8, false, 'expired'],
    [off, 8, false, 'expired'],
    [up, 6, false, 'pending'],
    [up, 8, true, 'pending'],
  ] as const;
  for (const [endpoint, days, isSending] of rows) {
    await pool.query(
      `insert into webhook_deliveries (endpoint_id, transaction_id, seq, id, event_id, type, created_at, due_at, is_sending)
       values ($1, gen_random_uuid(), 2, gen_random_uuid(), gen_random_uuid(), 'transaction.succeeded',
         now() - make_interval(days => $2), now() + interval '30 s', $3)`,
      [endpoint, days, isSending],
    );
  }
  await new ExpiryJob(new Database(pool)).expire(new AbortController().signal);
  const { rows: found } = await pool.query<Record<string, unknown>>(
    `select endpoint_id, round(extract(epoch from now() - created_at) / 86400)::int as days, is_sending, state
     from webhook_deliveries where (due_at is null) = (state = 'expired') and (ended_at is null) = (state = 'pending')`,
  );
  const shown = found.map((row) => [row['endpoint_id'], row['days'], row['is_sending'], row['state']]);
  expect(shown.sort()).toEqual(rows.map((row) => [...row]).sort());
});
