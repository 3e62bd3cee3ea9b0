import type { Pool } from 'pg';
import { newUuid } from '../../src/common/ids.js';
import { readConfig } from '../../src/config/config.js';
import { AppVault } from '../../src/crypto/app-vault.js';
import { Vault } from '../../src/crypto/gateway-vault.js';
import { Database } from '../../src/database/database.js';
import { DeliveriesJob } from '../../src/webhooks/deliveries/deliveries.job.js';
import { DeliveryClaims } from '../../src/webhooks/deliveries/delivery-claims.service.js';
import { DeliveryResults } from '../../src/webhooks/deliveries/delivery-results.service.js';
import { EventBodies } from '../../src/webhooks/deliveries/event-bodies.service.js';
import { EventFeed } from '../../src/webhooks/events/event-feed.service.js';
import { GatewayEvents } from '../../src/webhooks/events/gateway-events.service.js';
import { WebhookHttp } from '../../src/webhooks/sending/webhook-http.service.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/wait.js';

/** Five times what an endpoint has in flight at once. */
const WAITING = 40;

let place: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  place = await createDatabase();
  pool = openPool(place, 4);
});

afterAll(async () => {
  await pool.end();
  await place.drop();
});

it('an endpoint with a backlog does not wait for the next tick: room that an attempt makes is used at once', async () => {
  const database = new Database(pool);
  const environment = { DATABASE_URL: '', ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64') };
  const { config } = readConfig(environment);
  const http = new WebhookHttp(config);
  const job = new DeliveriesJob(
    new DeliveryClaims(database),
    new DeliveryResults(database),
    new EventBodies(new EventFeed(database), new GatewayEvents(database)),
    new AppVault(database, new Vault(Buffer.alloc(32, 1))),
    http,
  );
  const endpoint = newUuid();
  await pool.query(`insert into webhook_endpoints (id, url, types) values ($1, 'https://partner.example/', '{}')`, [
    endpoint,
  ]);
  // Their secret is gone, so each ends without being sent.
  await pool.query(
    `insert into webhook_deliveries (endpoint_id, transaction_id, seq, id, event_id, type)
     select $1, gen_random_uuid(), 0, gen_random_uuid(), gen_random_uuid(), 'ops.float.low' from generate_series(1, $2)`,
    [endpoint, WAITING],
  );
  await job.sendDue();
  const ended = await eventually(
    10_000,
    async () => (await pool.query(`select from webhook_deliveries where state = 'expired'`)).rowCount,
    (count) => count === WAITING,
  );
  expect(ended).toBe(WAITING);
  await http.onApplicationShutdown();
});
