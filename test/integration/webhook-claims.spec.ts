import type { Pool } from 'pg';
import { newUuid } from '../../src/common/ids.js';
import { Database } from '../../src/database/database.js';
import { DeliveryClaims } from '../../src/webhooks/deliveries/delivery-claims.service.js';
import { createDatabase, openPool } from '../support/database.js';

let pool: Pool;
let claims: DeliveryClaims;

beforeEach(async () => {
  pool = openPool(await createDatabase(), 2);
  claims = new DeliveryClaims(new Database(pool));
});

afterEach(() => pool.end());

async function addEndpoint(): Promise<string> {
  const id = newUuid();
  await pool.query(
    `insert into webhook_endpoints (id, app_id, url, types, secret)
     values ($1, new_uuid(), 'https://example.com/', '{transaction.succeeded}', 'sealed')`,
    [id],
  );
  return id;
}

interface Waiting {
  readonly seq: number;
  readonly due: string;
  readonly isSending?: boolean;
}

/** Adds a delivery of the endpoint for each number from 1 to `count`; the number is the transaction. */
async function addDeliveries(
  endpointId: string,
  count: number,
  { seq, due, isSending = false }: Waiting,
): Promise<void> {
  await pool.query(
    `insert into webhook_deliveries (endpoint_id, transaction_id, seq, id, app_id, event_id, type, due_at, is_sending)
     select $1, lpad(to_hex(n), 32, '0')::uuid, $2, new_uuid(), new_uuid(), new_uuid(), 'transaction.succeeded', ${due}, $3
     from generate_series(1, $4) n`,
    [endpointId, seq, isSending, count],
  );
}

it('among deliveries with one due time, those that wait for an earlier event do not hide it', async () => {
  const endpoint = await addEndpoint();
  await addDeliveries(endpoint, 200, { seq: 2, due: `'2026-01-01'` });
  await addDeliveries(endpoint, 200, { seq: 1, due: `'2026-01-01'` });
  expect((await claims.claim()).map(({ seq }) => seq)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
});

it('an endpoint with room is sent to at once, beside hundreds that hang', async () => {
  for (let count = 0; count < 200; count += 1) {
    const hanging = await addEndpoint();
    await addDeliveries(hanging, 8, { seq: 1, due: `now() + interval '20 s'`, isSending: true });
    await addDeliveries(hanging, 8, { seq: 2, due: `now() - interval '1 h'` });
  }
  const healthy = await addEndpoint();
  await addDeliveries(healthy, 1, { seq: 1, due: 'now()' });
  expect((await claims.claim()).map(({ endpointId }) => endpointId)).toEqual([healthy]);
});
