import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { Agent, request } from 'undici';

/*
 * The hand-written loop: claims rows of each endpoint with SKIP LOCKED and a lease, in order for each transaction, reads
 * their events with the claim, signs and sends them together, and marks them with one statement. It checks no address,
 * keeps no health, log, metrics or retries. Its bodies are those of the gateway.
 */
const LOOPS = 2;
const WINDOW = 8;
const DIST = join(import.meta.dirname, '..', '..', 'dist');
const { EVENT_COLUMNS, EVENT_JOINS, publish } = await import(join(DIST, 'webhooks/events/published-event.js'));
const database = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: LOOPS });
const dispatcher = new Agent({ connections: null, pipelining: 1 });
const KEY = Buffer.alloc(32, 1);

const CLAIM = `
with ready as (
  select p.id, p.url from webhook_endpoints p
  where exists (select from webhook_deliveries d where d.endpoint_id = p.id and not d.is_replay and d.due_at <= now())
  for no key update of p skip locked
), picked as (
  select w.endpoint_id, w.transaction_id, w.seq from ready r cross join lateral (
    select * from webhook_deliveries d
    where d.endpoint_id = r.id and not d.is_replay and d.due_at <= now() and not exists (
      select from webhook_deliveries e where e.endpoint_id = d.endpoint_id and e.transaction_id = d.transaction_id
        and e.seq < d.seq and e.due_at is not null)
    order by d.due_at limit ${WINDOW}) w
), claimed as (
  update webhook_deliveries d set is_sending = true, attempts = d.attempts + 1, due_at = now() + interval '30 s'
  from picked k where d.endpoint_id = k.endpoint_id and d.transaction_id = k.transaction_id and d.seq = k.seq
    and d.due_at <= now()
  returning d.*
)
select c.id as "deliveryId", r.url, ${EVENT_COLUMNS}
from claimed c join ready r on r.id = c.endpoint_id
join transaction_events e on e.transaction_id = c.transaction_id and e.seq = c.seq and e.app_id = c.app_id ${EVENT_JOINS}`;

const MARK = `
update webhook_deliveries set state = 'delivered', is_sending = false, due_at = null, ended_at = now(), delivered_at = now(), last_status = 204
where id = any($1::uuid[])`;

async function send(row) {
  const event = publish(row);
  const body = JSON.stringify(event);
  const at = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', KEY).update(`${event.id}.${at}.${body}`).digest('base64');
  const headers = {
    'content-type': 'application/json',
    'webhook-id': event.id,
    'webhook-timestamp': at,
    'webhook-signature': `v1,${signature}`,
  };
  const answer = await request(row.url, { dispatcher, method: 'POST', headers, body });
  await answer.body.dump();
  return answer.statusCode === 204 ? [row.deliveryId] : [];
}

async function loop() {
  for (;;) {
    const { rows } = await database.query({ name: 'claim', text: CLAIM });
    if (rows.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    else {
      const taken = (await Promise.all(rows.map(send))).flat();
      await database.query({ name: 'mark', text: MARK, values: [taken] });
    }
  }
}

process.on('message', () => {
  for (let count = 0; count < LOOPS; count += 1) void loop();
});
process.send({ ready: true });
