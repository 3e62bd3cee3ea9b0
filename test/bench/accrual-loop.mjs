import http from 'node:http';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { Pool as HttpPool } from 'undici';
import pg from 'pg';
import { v7 } from 'uuid';

/**
 * The hand-written limit: node:http, pg, an undici pool, and the gateway's own two statements. No authentication, no
 * validation, no encryption, no rate limit, no quota, no log. `single`: one commit for each statement; `batched`: the
 * gateway's natural batching.
 */
const [mode, providerPort] = process.argv.slice(2);
const DIST = join(import.meta.dirname, '..', '..', 'dist');
execFileSync(process.execPath, [join(DIST, 'database/migrate.js')], { env: process.env });

const { Database } = await import(join(DIST, 'database/database.js'));
const { record } = await import(join(DIST, 'ledger/record.js'));
const { settle } = await import(join(DIST, 'ledger/settle.js'));
const { Batcher } = await import(join(DIST, 'ledger/batcher.js'));
const { Accounts } = await import(join(DIST, 'ledger/accounts.js'));

const database = new Database(new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20 }));
const provider = new HttpPool(`http://127.0.0.1:${providerPort}`, { connections: 64, pipelining: 1 });
const appId = v7();
const accounts = await new Accounts(database).pair(appId, 'latam-pass', 'LATAM_PASS_POINTS');

function writer(write) {
  if (mode === 'single') return async (row) => (await write([row], false))[0];
  const batcher = new Batcher({ write, keysOf: () => [], maxRows: 256, retryForMs: 1000, onBatch: () => {} });
  return (row) => batcher.push(row);
}
const recordOne = writer((rows) => record(database, rows));
const settleOne = writer((rows, retried) => settle(database, rows, retried));

async function accrue(order) {
  const id = v7();
  const row = {
    id,
    appId,
    type: 'accrual',
    provider: 'latam-pass',
    status: 'pending',
    reference: order.reference,
    referenceScope: 'bench',
    idempotencyKey: order.reference,
    idempotencyItem: 0,
    requestMac: Buffer.alloc(32),
    quantity: BigInt(order.points),
    unit: 'LATAM_PASS_POINTS',
    detail: { member: {}, productId: '001', occurredAt: order.occurredAt, releaseAt: null, description: null },
    sealed: Buffer.alloc(400),
    metadata: {},
    resourceId: null,
    resource: null,
    duplicateMac: null,
    allowDuplicate: false,
    cover: null,
    leaseMs: 30_000,
    releaseAt: null,
    expiresInMs: null,
    expectedInMs: 20_000,
    actor: 'bench',
    eventId: v7(),
    accounts,
  };
  await recordOne(row);
  void finish(row, JSON.stringify(order));
  return JSON.stringify({ id, status: 'pending', reference: order.reference });
}

async function finish(row, body) {
  const { body: answer } = await provider.request({ method: 'POST', path: '/accrual', body });
  const { correlationId } = await answer.json();
  await settleOne({
    id: row.id,
    appId,
    from: 'pending',
    epoch: 1,
    to: 'processing',
    correlationId,
    dueInMs: 86_400_000,
    expectedInMs: 60_000,
    actor: 'bench',
    evidence: 'answer',
    eventId: v7(),
    accounts,
    quantity: row.quantity,
  });
}

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.once('end', () => {
    accrue(JSON.parse(Buffer.concat(chunks).toString())).then(
      (body) => response.writeHead(202, { 'content-type': 'application/json' }).end(body),
      () => response.writeHead(500).end(),
    );
  });
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }));
