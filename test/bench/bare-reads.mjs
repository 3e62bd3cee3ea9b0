import { join } from 'node:path';
import fastify from 'fastify';
import pg from 'pg';

/*
 * A bare Fastify with pg for the same two reads: the gateway's columns, prepared statements, the same JSON. It has no
 * authentication, rate limit or log. The gateway combines concurrent reads of single transactions into one statement;
 * here each request has its own, as in ordinary code.
 */
const DIST = join(import.meta.dirname, '..', '..', 'dist');
const APP = '01900000-0000-7000-8000-000000000001';
const { LISTED_COLUMNS, TRANSACTION_COLUMNS } = await import(join(DIST, 'ledger/model/columns.js'));
const database = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20 });

const ONE = `select ${TRANSACTION_COLUMNS} from transactions t where t.id = $1 and ($2::uuid is null or t.app_id = $2)`;
const PAGE = `select ${LISTED_COLUMNS} from transactions t where t.app_id = $1 order by t.id desc limit $2`;

function present(row) {
  return {
    id: `txn_${row.id}`,
    type: row.type,
    provider: row.provider,
    status: row.status,
    reference: row.reference,
    quantity: row.quantity === null ? null : { value: (Number(row.quantity) / 100).toFixed(2), unit: row.unit },
    providerReference: row.providerReference,
    correlationId: row.correlationId,
    failure: row.failure,
    [row.type]: row.detail,
    nextStep: null,
    cancelableUntil: null,
    expectedBy: row.expectedBy,
    metadata: row.metadata,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    completedAt: row.completedAt,
  };
}

const server = fastify({ keepAliveTimeout: 600_000 });
server.get('/v1/transactions/:id', async (request) => {
  const id = request.params.id.slice('txn_'.length);
  const { rows } = await database.query({ name: 'one', text: ONE, values: [id, APP] });
  return present(rows[0]);
});
server.get('/v1/transactions', async () => {
  const { rows } = await database.query({ name: 'page', text: PAGE, values: [APP, 26] });
  const data = rows.slice(0, 25);
  return {
    data: data.map(present),
    nextCursor: Buffer.from(data.at(-1).id.replaceAll('-', ''), 'hex').toString('base64url'),
  };
});
await server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
process.send({ port: server.server.address().port });
