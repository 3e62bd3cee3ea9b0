import { createServer, type Socket } from 'node:net';
import { Pool } from 'pg';
import { refuseSharedSessions } from '../../src/database/pooler-check.js';
import { createDatabase, openPool } from '../support/database.js';
import { portOf } from '../support/sockets.js';

/** A message of the PostgreSQL protocol: its kind, and the length of itself and the body. */
function message(kind: string, ...parts: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  const head = Buffer.alloc(5);
  head.write(kind);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const READY = message('Z', 'I');
const AUTHENTICATED = Buffer.concat([message('R', Buffer.alloc(4)), READY]);
/** One text column named pid. */
const COLUMN = message('T', Buffer.from([0, 1]), 'pid\0', Buffer.from('00000000000000000019ffffffffffff0000', 'hex'));

function answer(pid: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(pid.length);
  return Buffer.concat([COLUMN, message('D', Buffer.from([0, 1]), length, pid), message('C', 'SELECT 1\0'), READY]);
}

/** A pooler that has each query answered by the session with the number that `nextSession` returns. */
async function startPooler(nextSession: () => string): Promise<{ pool: Pool; stop: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('data', () => {
      socket.write(AUTHENTICATED);
      socket.on('data', (bytes) => bytes[0] === 'Q'.charCodeAt(0) && socket.write(answer(nextSession())));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const pool = new Pool({ host: '127.0.0.1', port: portOf(server), user: 'u', database: 'd', ssl: false });
  return {
    pool,
    stop: async () => {
      await pool.end();
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

const REFUSAL = /DATABASE_URL leads to a connection pooler in transaction or statement mode.*Nothing was changed/;

it.each<[string, (query: number) => number]>([
  ['always the same session', () => 7],
  ['one of three sessions after another', (query) => query % 3],
  ['a new session for each query', (query) => query],
])('a pooler that takes %s is refused', async (_what, sessionOf) => {
  let query = 0;
  const { pool, stop } = await startPooler(() => String(sessionOf((query += 1))));
  await expect(refuseSharedSessions(pool, 'DATABASE_URL')).rejects.toThrow(REFUSAL);
  await stop();
});

it('PostgreSQL itself is accepted, and both connections go back to the pool', async () => {
  const database = await createDatabase();
  const pool = openPool(database, 2);
  for (let time = 0; time < 3; time += 1) await refuseSharedSessions(pool, 'DATABASE_URL');
  expect(pool.idleCount).toBe(2);
  await pool.end();
  await database.drop();
});
