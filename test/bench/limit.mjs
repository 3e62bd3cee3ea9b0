import http from 'node:http';
import { createHash } from 'node:crypto';
import { Pool as HttpPool } from 'undici';
import pg from 'pg';
import { v7 } from 'uuid';

/*
 * The hand-written limit: node:http, an undici pool and pg with prepared statements. It writes the same rows as the
 * gateway with the same durability, detects used keys and references, and applies notifications. It has no
 * authentication, validation, encryption, rate limit, duplicate guard, float check, quota, log or metrics. `single`:
 * one commit for each statement. `batched`: rows that arrive during a commit are written together by the next one.
 */
const [mode, providerPort] = process.argv.slice(2);
const MAX_ROWS = 256;
const APP = '01900000-0000-7000-8000-000000000001';
const database = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: mode === 'single' ? 32 : 4 });
const provider = new HttpPool(`http://127.0.0.1:${providerPort}`, { connections: 512, pipelining: 1 });

const RECORD = `
with input as (
  select * from unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::bigint[], $6::jsonb[], $7::bytea[],
    $8::bytea[], $9::uuid[]) as r (id, reference, key, mac, quantity, detail, sealed, dup, event)
), recorded as (
  insert into transactions (id, app_id, type, provider, status, reference, reference_scope, idempotency_key, request_mac,
    quantity, unit, detail, sealed, duplicate_mac, attempts, attempt_open, epoch, due_at, expires_at, expected_by, covered)
  select id, '${APP}', 'topup', 'latcom', 'pending', reference, '${APP}', key, mac, quantity, 'MXN', detail, sealed, dup, 1,
    true, 1, now() + interval '57 s', now() + interval '120 s', now() + interval '45 s', true
  from input on conflict do nothing returning id
), event as (
  insert into transaction_events (id, transaction_id, app_id, seq, to_status, actor, evidence)
  select event, id, '${APP}', 1, 'pending', 'app_${APP}', 'request' from recorded join input using (id)
), entry as (
  insert into ledger_entries (transaction_id, app_id, seq, phase, debit_account, credit_account, amount)
  select id, '${APP}', 1, 'hold', 1, 2, quantity from recorded join input using (id)
)
select id from recorded`;

const SETTLE = `
with input as (
  select * from unnest($1::uuid[], $2::text[], $3::jsonb[], $4::uuid[], $5::uuid[], $6::numeric[], $7::timestamptz[],
    $8::bigint[]) as r (id, provider_reference, detail, event, observation, balance, begun_at, quantity)
), moved as (
  update transactions t set status = 'succeeded', provider_reference = i.provider_reference, detail = t.detail || i.detail,
    attempt_open = false, due_at = null, expected_by = null, version = 2, updated_at = now(), completed_at = now()
  from input i where t.id = i.id and t.app_id = '${APP}' and t.status = 'pending' and t.epoch = 1 returning t.id
), event as (
  insert into transaction_events (id, transaction_id, app_id, seq, from_status, to_status, actor, evidence)
  select event, id, '${APP}', 2, 'pending', 'succeeded', 'gateway', 'answer' from moved join input using (id)
), entry as (
  insert into ledger_entries (transaction_id, app_id, seq, phase, debit_account, credit_account, amount)
  select id, '${APP}', 2, 'post', 1, 2, quantity from moved join input using (id)
), observed as (
  insert into provider_balances (id, provider, balance, source, transaction_id, begun_at)
  select observation, 'latcom', balance, 'purchase', id, begun_at from moved join input using (id)
)
select id from moved`;

const STORE = `insert into notifications (id, provider, sealed, correlation_id, due_at)
select id, 'latam-pass', sealed, correlation, now() + interval '30 s'
from unnest($1::uuid[], $2::bytea[], $3::text[]) as r (id, sealed, correlation) returning id`;

const APPLY = `
with input as (
  select * from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) as r (id, correlation, reference, event)
), moved as (
  update transactions t set status = 'succeeded', provider_reference = i.reference, due_at = null, expected_by = null,
    version = t.version + 1, updated_at = now(), completed_at = now()
  from input i
  where t.provider = 'latam-pass' and t.correlation_id = i.correlation and t.status = 'processing'
  returning t.id, t.app_id, t.version, t.quantity, i.id as notification, i.event
), event as (
  insert into transaction_events (id, transaction_id, app_id, seq, from_status, to_status, actor, evidence, detail)
  select event, id, app_id, version, 'processing', 'succeeded', 'latam-pass', 'notification',
    jsonb_build_object('notificationId', notification) from moved
), entry as (
  insert into ledger_entries (transaction_id, app_id, seq, phase, debit_account, credit_account, amount)
  select id, app_id, version, 'post', 3, 4, quantity from moved
), concluded as (
  update notifications n set state = 'applied', transaction_id = m.id, due_at = null, applied_at = now()
  from moved m where n.id = m.notification
)
select notification as id from moved`;

function writer(name, text, columns) {
  const write = async (rows) => {
    const values = columns.map((column) => rows.map((row) => row[column]));
    const { rows: done } = await database.query({ name, text, values });
    return new Set(done.map((row) => row.id));
  };
  if (mode === 'single') return async (row) => (await write([row])).has(row.id);
  let waiting = [];
  let running = false;
  const drain = async () => {
    while (waiting.length > 0) {
      const taken = waiting.splice(0, MAX_ROWS);
      try {
        const done = await write(taken.map(({ row }) => row));
        for (const { row, resolve } of taken) resolve(done.has(row.id));
      } catch (error) {
        for (const { reject } of taken) reject(error);
      }
    }
    running = false;
  };
  return (row) =>
    new Promise((resolve, reject) => {
      waiting.push({ row, resolve, reject });
      if (running) return;
      running = true;
      setImmediate(() => void drain());
    });
}

const record = writer('record', RECORD, [
  'id',
  'reference',
  'key',
  'mac',
  'quantity',
  'detail',
  'sealed',
  'dup',
  'eventId',
]);
const settle = writer('settle', SETTLE, [
  'id',
  'providerReference',
  'outcome',
  'settledId',
  'observationId',
  'balance',
  'begunAt',
  'quantity',
]);
const store = writer('store', STORE, ['id', 'sealed', 'correlationId']);
const apply = writer('apply', APPLY, ['id', 'correlationId', 'reference', 'eventId']);
/** Has the length of the bytes that encryption adds: format, nonce and tag. */
const SEAL = Buffer.alloc(29, 7);
/** Has the length of the gateway's encrypted data: the order, the request body, nonce and tag. */
const SEALED = Buffer.alloc(270, 7);

async function topUp(order, key) {
  const id = v7();
  const mac = createHash('sha256').update(JSON.stringify(order)).digest();
  const pesos = Number.parseInt(order.amount.value, 10);
  const detail = {
    phoneNumber: order.phoneNumber.slice(-4),
    productId: order.productId,
    operator: 'MOVISTAR',
    distributorTransactionId: id,
    authCode: null,
    rrn: null,
  };
  const row = { id, reference: order.reference, key, mac, quantity: pesos * 100, detail, sealed: SEALED, dup: mac };
  Object.assign(row, { eventId: v7(), begunAt: new Date() });
  if (!(await record(row))) return { status: 409, body: '{}' };
  const { body } = await provider.request({
    method: 'POST',
    path: '/latcom/product_purchase',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      distributor_transaction_id: id,
      phone_number: order.phoneNumber,
      product_id: order.productId,
      amount: pesos,
      operator: 'MOVISTAR',
    }),
  });
  const reply = await body.json();
  row.providerReference = reply.transaction_id;
  row.outcome = { authCode: reply.auth_code, rrn: reply.reference };
  Object.assign(row, { settledId: v7(), observationId: v7(), balance: reply.balance_after });
  if (!(await settle(row))) return { status: 409, body: '{}' };
  return { status: 201, body: JSON.stringify({ id: `txn_${id}`, status: 'succeeded', reference: order.reference }) };
}

async function notify(bytes) {
  const { trace, nonAirAccrual } = JSON.parse(bytes.toString());
  const row = { id: v7(), sealed: Buffer.concat([SEAL, bytes]), correlationId: trace.correlationId };
  await store(row);
  if (trace.correlationId.startsWith('S-'))
    void apply({ ...row, reference: nonAirAccrual.latamAccrualId, eventId: v7() });
  return { status: 200, body: '{"received":true}' };
}

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.once('end', () => {
    const bytes = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    const work = request.url.includes('notifications')
      ? notify(bytes)
      : topUp(JSON.parse(bytes.toString()), request.headers['idempotency-key']);
    work.then(
      ({ status, body }) =>
        response
          .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
          .end(body),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
});
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', 4096, () => process.send({ port: server.address().port }));
