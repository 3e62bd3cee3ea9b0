import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { EmbeddedPostgresError, startEmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres.js';
import type { EmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres.js';
import { ensureOwnedFolder, refuseUnsafeFolder } from '../../src/embedded-postgres/owned-folder.js';
import { serverOptions } from '../../src/embedded-postgres/settings.js';

const isRoot = process.getuid?.() === 0;
const folders: string[] = [];
const started: EmbeddedPostgres[] = [];

/** Creates a folder that other users may enter, like most project folders. */
function newFolder(mode = 0o755): string {
  const folder = mkdtempSync(join(tmpdir(), 'embedded-'));
  chmodSync(folder, mode);
  folders.push(folder);
  return folder;
}

async function start(dataDir: string, flags = ['fsync=off'], lines: string[] = []): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, flags, log: (line) => lines.push(line) });
  started.push(server);
  folders.push(server.dataDir);
  return server;
}

async function query(server: EmbeddedPostgres, text: string, values: unknown[] = []): Promise<unknown[]> {
  const client = new Client({ connectionString: server.migrationUrl });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text, values)).rows;
  } finally {
    await client.end();
  }
}

function postmasterPid(server: EmbeddedPostgres): number {
  return Number.parseInt(readFileSync(join(server.dataDir, 'data', 'postmaster.pid'), 'utf8'), 10);
}

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop({ evenIfInUse: true });
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('a fresh data folder', () => {
  it('becomes a UTF-8 cluster that only this machine reaches, with a random password', async () => {
    const folder = newFolder();
    const server = await start(folder, []);
    const { password, hostname, username, pathname } = new URL(server.migrationUrl);
    expect({ hostname, username, pathname }).toEqual({
      hostname: '127.0.0.1',
      username: 'app',
      pathname: '/loyalty_gateway',
    });
    expect(password.length).toBeGreaterThanOrEqual(32);
    const application = new URL(server.url);
    expect([application.username, application.host, application.pathname]).toEqual([
      'gateway',
      new URL(server.migrationUrl).host,
      pathname,
    ]);
    expect(application.password.length).toBeGreaterThanOrEqual(32);
    const current = await query({ ...server, migrationUrl: server.url }, 'select current_user as role');
    expect(current).toEqual([{ role: 'gateway' }]);
    expect(server.dataDir).toBe(join(folder, 'postgres'));
    expect(statSync(join(server.dataDir, 'password')).mode & 0o777).toBe(0o600);
    expect(statSync(join(server.dataDir, 'data')).mode & 0o777).toBe(0o700);
    expect(
      await query(
        server,
        `select current_setting('server_encoding') as encoding, current_setting('TimeZone') as zone,
        current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets,
        current_setting('fsync') as fsync, lower('ÁÑ') as lower`,
      ),
    ).toEqual([{ encoding: 'UTF8', zone: 'UTC', addresses: '127.0.0.1', sockets: '', fsync: 'on', lower: 'áñ' }]);
    expect(execFileSync('ps', ['axwwe'], { encoding: 'utf8' })).not.toContain(password);
    const wrong = server.migrationUrl.replace(password, 'wrong');
    await expect(query({ ...server, migrationUrl: wrong }, 'select 1')).rejects.toThrow(
      'password authentication failed',
    );
  });

  it('keeps the values of statements out of the log of the server', async () => {
    const server = await start(newFolder());
    await query(server, 'create table secrets (value text primary key)');
    await query(server, 'insert into secrets values ($1)', ['canary-1']);
    await expect(query(server, 'insert into secrets values ($1)', ['canary-1'])).rejects.toThrow('duplicate key');
    await expect(query(server, "select 'canary-2'::int")).rejects.toThrow('canary-2');
    const log = readFileSync(join(server.dataDir, 'server.log'), 'utf8');
    expect(log).toContain('ready to accept connections');
    expect(log).not.toContain('canary');
  });
});

describe('an existing data folder', () => {
  it('is used again after a stop, with the same port and the same data', async () => {
    const folder = newFolder();
    const first = await start(folder);
    await query(first, 'create table kept as select 42 as value');
    await first.stop();
    const second = await start(folder);
    expect(second.url).toBe(first.url);
    expect(await query(second, 'select value from kept')).toEqual([{ value: 42 }]);
  });

  it('without the role of the gateway gets it', async () => {
    const server = await start(newFolder());
    await query(server, 'drop role gateway');
    await Promise.all([start(dirname(server.dataDir)), start(dirname(server.dataDir))]);
    const owns = await query(
      { ...server, migrationUrl: server.url },
      'select rolsuper or rolcreaterole or rolcreatedb as more from pg_roles where rolname = current_user',
    );
    expect(owns).toEqual([{ more: false }]);
  });

  it('keeps committed data when the server was killed', async () => {
    const folder = newFolder();
    const first = await start(folder, []);
    await query(first, 'create table kept as select 42 as value');
    process.kill(postmasterPid(first), 'SIGKILL');
    const second = await start(folder, []);
    expect(await query(second, 'select value from kept')).toEqual([{ value: 42 }]);
  });

  it('is shared while its server runs, and the server stops after its last user', async () => {
    const folder = newFolder();
    const lines: string[] = [];
    const first = await start(folder);
    const second = await start(folder, [], lines);
    expect(second.url).toBe(first.url);
    expect(lines.join()).toContain('already ran');
    const user = new Client({ connectionString: second.url });
    await user.connect();
    await first.stop();
    expect((await user.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await user.end();
    await second.stop();
    await expect(query(second, 'select 1')).rejects.toThrow('ECONNREFUSED');
  });

  it('is used although its postmaster.pid has the process number of another program', async () => {
    const folder = newFolder();
    const first = await start(folder);
    const pidFile = join(first.dataDir, 'data', 'postmaster.pid');
    const record = readFileSync(pidFile, 'utf8');
    await first.stop();
    writeFileSync(pidFile, record.replace(/^\d+/, isRoot ? '1' : '999999'));
    const second = await start(folder);
    expect(await query(second, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('moves to another port when its own is taken', async () => {
    const folder = newFolder();
    const first = await start(folder);
    await first.stop();
    const squatter = createServer().listen(Number(new URL(first.url).port), '127.0.0.1');
    try {
      const second = await start(folder);
      expect(new URL(second.url).port).not.toBe(new URL(first.url).port);
      expect(await query(second, 'select 1 as one')).toEqual([{ one: 1 }]);
    } finally {
      squatter.close();
    }
  });
});

describe('two simultaneous starts on a fresh data folder', () => {
  it('share one server', async () => {
    const folder = newFolder();
    const [first, second] = await Promise.all([start(folder), start(folder)]);
    expect(second.url).toBe(first.url);
    expect(await query(second, 'select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe('a data folder that only root can enter', () => {
  if (!isRoot) {
    it.todo('is tested only when the tests run as root');
    return;
  }

  it('leads to a database elsewhere, which is named and found again', async () => {
    const folder = newFolder(0o700);
    const lines: string[] = [];
    const first = await start(folder, ['fsync=off'], lines);
    expect(first.dataDir.startsWith('/var/lib/loyalty-gateway/')).toBe(true);
    expect(lines.join('\n')).toContain(first.dataDir);
    await query(first, 'create table kept as select 42 as value');
    await first.stop();
    const second = await start(folder);
    expect(second.dataDir).toBe(first.dataDir);
    expect(await query(second, 'select value from kept')).toEqual([{ value: 42 }]);
    await second.stop();
    rmSync(second.dataDir, { recursive: true });
    await expect(start(folder)).rejects.toThrow(/is not there\. Restore that folder/);
  });

  it('is not replaced by a folder that another user could have prepared', async () => {
    const folder = newFolder();
    const planted = join(folder, 'planted');
    mkdirSync(planted);
    chmodSync(planted, 0o777);
    await expect(ensureOwnedFolder(planted)).rejects.toThrow(/can be written to by other users.*chmod 755/s);
    chmodSync(planted, 0o755);
    execFileSync('chown', ['nobody', planted]);
    await expect(refuseUnsafeFolder(planted)).rejects.toThrow('belongs to user');
  });
});

describe('an embedded database that cannot start', () => {
  it('names the cause, the place and the remedy', async () => {
    const file = join(newFolder(), 'file');
    writeFileSync(file, '');
    const attempt = startEmbeddedPostgres({ dataDir: file });
    await expect(attempt).rejects.toBeInstanceOf(EmbeddedPostgresError);
    await expect(attempt).rejects.toThrow(new RegExp(`${file}.*DATA_DIR.*DATABASE_URL`, 's'));
  });

  it('refuses a setting that a shell would read differently', () => {
    expect(() => serverOptions(5432, ["a='; rm -rf /"])).toThrow(EmbeddedPostgresError);
    expect(serverOptions(5432, ['fsync=off'])).toContain("-c 'fsync=off'");
  });
});
