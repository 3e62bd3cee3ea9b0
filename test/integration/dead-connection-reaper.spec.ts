import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { Database, isUnavailable } from '../../src/database/database.js';
import { reaperOf } from '../../src/database/dead-connection-reaper.js';
import { createDatabase, type TestDatabase } from '../support/database.js';

const USUAL_MS = 1_000;

/**
 * A proxy between the pool and PostgreSQL that can become silent: open connections then stay open but transport
 * nothing.
 */
class Between {
  private readonly server: net.Server;
  private readonly pairs = new Set<readonly [net.Socket, net.Socket]>();

  constructor(to: URL) {
    this.server = net.createServer((socket) => {
      const onward = net.connect(Number(to.port), to.hostname);
      this.pairs.add([socket, onward]);
      for (const one of [socket, onward]) one.on('error', () => undefined);
      socket.pipe(onward).pipe(socket);
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('it has no port');
    return address.port;
  }

  fallSilent(): void {
    for (const [socket, onward] of this.pairs) {
      socket.unpipe(onward);
      onward.unpipe(socket);
    }
  }

  async close(): Promise<void> {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

let place: TestDatabase;
let between: Between;
let pool: Pool;
let database: Database;

beforeEach(async () => {
  place = await createDatabase();
  const url = new URL(place.url);
  between = new Between(new URL(place.url));
  url.port = String(await between.listen());
  url.hostname = '127.0.0.1';
  pool = new Pool({ connectionString: url.href, max: 2 });
  pool.on('error', () => undefined);
  reaperOf(pool, USUAL_MS);
  database = new Database(pool);
});

afterEach(async () => {
  await pool.end();
  await between.close();
  await place.drop();
});

const reasonOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

it.each([
  ['a statement', (): Promise<unknown> => database.query('select 1')],
  ['a prepared statement', (): Promise<unknown> => database.prepared('silence_one', 'select 1', [])],
  ['a transaction', (): Promise<unknown> => database.transaction((client) => client.query('select 1'))],
])('%s on a silently dead connection fails in time, and the next one succeeds', async (_what, work) => {
  expect(await reasonOf(work())).toBeNull();
  between.fallSilent();
  expect(isUnavailable(await reasonOf(work()))).toBe(true);
  expect(await reasonOf(work())).toBeNull();
});

it('connections that answer again and again, or may take long, are not cut', async () => {
  const four = async (): Promise<void> => {
    await database.transaction(async (client) => {
      for (let times = 0; times < 4; times += 1) await client.query('select pg_sleep($1)', [USUAL_MS / 2_000]);
    });
  };
  const long = database.onOwnConnection(10 * USUAL_MS, (client) =>
    client.query('select pg_sleep($1)', [(2 * USUAL_MS) / 1_000]),
  );
  expect(await reasonOf(Promise.all([four(), long]))).toBeNull();
});

it('a transaction whose connection is cut between two statements fails at the next one, and the pool goes on', async () => {
  const cut = database.transaction(async (client) => {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const ended = new Promise((resolve) => client.once('end', resolve));
    await database.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    await ended;
    await client.query('select 1');
  });
  expect(isUnavailable(await reasonOf(cut))).toBe(true);
  expect(await reasonOf(database.query('select 1'))).toBeNull();
});

it('a transaction on a silently dead connection fails in time, and may be idle before', async () => {
  const work = database.transaction(async (client) => {
    await client.query('select 1');
    await sleep(2.5 * USUAL_MS);
    await client.query('select 1');
    between.fallSilent();
    await client.query('select 1');
  });
  const error = await reasonOf(work);
  expect(isUnavailable(error)).toBe(true);
  expect(error).toMatchObject({ message: 'Connection terminated' });
  expect(await reasonOf(database.query('select 1'))).toBeNull();
});

it('a pause of this process is not mistaken for silence of the database', async () => {
  const answered = database.query('select pg_sleep(0.5)');
  await sleep(100);
  const until = performance.now() + 1.5 * USUAL_MS;
  while (performance.now() < until);
  expect(await reasonOf(answered)).toBeNull();
});
