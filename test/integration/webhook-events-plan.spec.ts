import type { Client } from 'pg';
import { newUuid } from '../../src/common/ids.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { withClient } from '../support/sql.js';

const APPS = 5_000;

let place: TestDatabase;

beforeAll(async () => {
  place = await createDatabase();
});

afterAll(() => place.drop());

/** The endpoints that were read one after the other, without an index, when the event was written. */
async function readInOrder(client: Client, appId: string | null, type: string): Promise<unknown> {
  await client.query('begin');
  await client.query(`insert into webhook_events (id, app_id, type, data) values ($1, $2, $3, '{}')`, [
    ...[newUuid(), appId, type],
  ]);
  const { rows } = await client.query<Record<string, unknown>>(
    `select seq_tup_read::int as read, (select count(*)::int from webhook_deliveries where type = $1) as deliveries
     from pg_stat_xact_user_tables where relname = 'webhook_endpoints'`,
    [type],
  );
  await client.query('rollback');
  return rows[0];
}

it('an event finds its endpoints by an index, however many apps there are', async () => {
  const appId = newUuid();
  await withClient(place.adminUrl, async (client) => {
    await client.query(
      `insert into webhook_endpoints (id, app_id, url, types)
       select gen_random_uuid(), gen_random_uuid(), 'https://partner.example/', '{}' from generate_series(1, ${APPS})`,
    );
    await client.query(
      `insert into webhook_endpoints (id, app_id, url, types)
       values (gen_random_uuid(), $1, 'https://partner.example/', '{}'),
         (gen_random_uuid(), null, 'https://operators.example/', '{ops.float.low}')`,
      [appId],
    );
    await client.query('vacuum (analyze) webhook_endpoints');
    const expected = { read: 0, deliveries: 1 };
    expect(await readInOrder(client, appId, 'webhook_endpoint.disabled')).toEqual(expected);
    expect(await readInOrder(client, null, 'ops.float.low')).toEqual(expected);
  });
});
