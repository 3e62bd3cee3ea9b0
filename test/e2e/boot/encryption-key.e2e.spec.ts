import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkEncryptionKey } from '../../../src/boot/key-check.js';
import { Database } from '../../../src/database/database.js';
import { createDatabase, openPool, type TestDatabase } from '../../support/database.js';
import { ADMIN, ENCRYPTION_KEY, startGateway, type Gateway } from '../../support/gateway.js';
import { freePort, startProcess, type Exit } from '../../support/processes.js';
import { at, textAt } from '../../support/http.js';
import { query, withClient, type Row } from '../../support/sql.js';
import { accrual, startWorld, topup, type World } from '../../support/world.js';

const OTHER_KEY = Buffer.alloc(32, 'another').toString('base64');
const DOES_NOT_OPEN = 'ENCRYPTION_KEY does not open this database';

/** Runs a statement as the owner, without the triggers that protect append-only rows. */
function tamper(database: TestDatabase, text: string): Promise<Row[]> {
  return withClient(database.adminUrl, async (client) => {
    await client.query('set session_replication_role = replica');
    return (await client.query<Row>(text)).rows;
  });
}

/** Checks the key like a start of the gateway. */
async function check(database: TestDatabase, key: string): Promise<void> {
  const pool = openPool(database, 1);
  try {
    const found = { key: Buffer.from(key, 'base64'), origin: 'ENCRYPTION_KEY' };
    await checkEncryptionKey(new Database(pool), found);
  } finally {
    await pool.end();
  }
}

function startWith(database: TestDatabase, key: string): Promise<Gateway> {
  return startGateway({ databaseUrl: database.url, env: { ENCRYPTION_KEY: key } });
}

describe('a filled database', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
    await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=10' });
    const accepted = await world.call('POST', '/v1/accruals', accrual(), { prefer: 'wait=10' });
    expect(textAt(accepted.body, 'status')).toBe('succeeded');
    await world.gateway().stop();
  }, 60_000);

  const contents = (): Promise<Record<string, unknown>[]> =>
    tamper(
      world.database,
      `select (select count(*) from encryption_key_check) as checks, (select count(*) from audit_log) as acts,
         (select json_agg(t order by name) from provider_tokens t) as tokens,
         (select json_agg(k order by app_id) from app_data_keys k) as keys`,
    );

  it('rejects the start of a gateway with another key, and does not change', async () => {
    const before = await contents();
    const failure = String(await startWith(world.database, OTHER_KEY).catch((error: unknown) => error));
    expect(failure).toMatch(new RegExp(`code 78.*${DOES_NOT_OPEN}.*key of the first start`, 's'));
    expect(failure).not.toContain(OTHER_KEY);
    expect(await contents()).toEqual(before);
  });

  it('without its check value is refused with every key, and gets no new value', async () => {
    const tables = ['app_data_keys', 'notifications', 'provider_tokens', 'api_keys'];
    for (const [index, table] of tables.entries()) {
      const copy = await copyOf(world.database);
      const others = tables.slice(0, index).map((other) => `delete from ${other}`);
      await tamper(copy, ['delete from encryption_key_check', ...others].join('; '));
      expect(await tamper(copy, `select true as found from ${table} limit 1`)).toEqual([{ found: true }]);
      for (const key of [ENCRYPTION_KEY, OTHER_KEY]) {
        await expect(check(copy, key)).rejects.toThrow('but the table encryption_key_check');
      }
      expect(await tamper(copy, 'select 1 from encryption_key_check')).toEqual([]);
    }
  });

  it('serves as before with its own key', async () => {
    const gateway = await startWith(world.database, ENCRYPTION_KEY);
    const found = await gateway.request('GET', '/v1/transactions', { auth: world.partner });
    expect(found.status).toBe(200);
    expect(at(found.body, 'data', 0, 'type')).toBe('accrual');
    await gateway.stop();
  });
});

/** Copies the database. The gateway must be stopped, because the database is used as a template. */
async function copyOf(database: TestDatabase): Promise<TestDatabase> {
  const original = new URL(database.url).pathname.slice(1);
  const name = `${original}_${Date.now().toString(36)}`;
  await query(withName(database.adminUrl, 'postgres'), `create database ${name} template ${original}`);
  return { ...database, url: withName(database.url, name), adminUrl: withName(database.adminUrl, name) };
}

function withName(url: string, name: string): string {
  return Object.assign(new URL(url), { pathname: `/${name}` }).href;
}

it('of two gateways that start first with different keys, exactly one gets the database', async () => {
  const database = await createDatabase();
  const starts = await Promise.allSettled([startWith(database, ENCRYPTION_KEY), startWith(database, OTHER_KEY)]);
  const [ready] = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const refused = starts.flatMap((start) => (start.status === 'rejected' ? [String(start.reason)] : []));
  expect(refused).toEqual([expect.stringMatching(new RegExp(`code 78.*${DOES_NOT_OPEN}`, 's'))]);
  expect((await ready?.request('GET', '/v1/admin/apps', { auth: ADMIN }))?.status).toBe(200);
  await ready?.stop();
}, 60_000);

it('of many simultaneous key checks with two keys, those of exactly one key pass', async () => {
  const database = await createDatabase();
  const keys = Array.from({ length: 10 }, (_none, index) => (index % 2 === 0 ? ENCRYPTION_KEY : OTHER_KEY));
  const checks = await Promise.allSettled(keys.map((key) => check(database, key)));
  const passed = keys.filter((_key, index) => checks[index]?.status === 'fulfilled');
  const refused = keys.filter((_key, index) => checks[index]?.status === 'rejected');
  expect([passed.length, refused.length]).toEqual([5, 5]);
  expect(passed).not.toContain(refused[0]);
  await database.drop();
});

describe('a gateway with an embedded database', () => {
  let dataDir: string;
  let file: string;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'embedded-key-'));
    chmodSync(dataDir, 0o755);
    file = join(dataDir, 'encryption.key');
    const first = await startEmbedded();
    expect(first.exit).toEqual({ code: 0, signal: null });
  }, 60_000);

  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  /** Starts the gateway with an embedded database, and stops it when it is ready. */
  async function startEmbedded(env: Record<string, string> = {}): Promise<{ exit: Exit; output: string }> {
    const child = startProcess('main.js', {
      PORT: String(await freePort()),
      SANDBOX_PORT: '0',
      NODE_ENV: 'test',
      // LATCOM has a base URL, so that the banner shows no demo with a member and a phone number.
      LATCOM_BASE_URL: 'http://127.0.0.1:9/api/distributor',
      LATCOM_CUSTOMER_ID: 'customer',
      LATCOM_SECRET_KEY: 'secret',
      DATA_DIR: dataDir,
      ...env,
    });
    while (child.exit() === undefined && !child.output().includes('is ready')) {
      await sleep(50);
    }
    return { exit: await child.stop(), output: child.output() };
  }

  it('refuses to start without its key file, says why, and creates no new key', async () => {
    renameSync(file, `${file}.away`);
    const { exit, output } = await startEmbedded();
    renameSync(`${file}.away`, file);
    expect(exit.code).toBe(78);
    expect(output).toContain(`ENCRYPTION_KEY is not set and ${file} is missing`);
    expect(output).toContain('a new key would not open it');
  }, 30_000);

  it('refuses to start with another key in its key file, and names the file', async () => {
    const right = readFileSync(file, 'utf8');
    writeFileSync(file, `${OTHER_KEY}\n`);
    const { exit, output } = await startEmbedded();
    writeFileSync(file, right);
    expect(exit.code).toBe(78);
    expect(output).toContain(`${file} does not open this database`);
  }, 30_000);

  it('refuses to start with a broken key file', async () => {
    const right = readFileSync(file, 'utf8');
    writeFileSync(file, right.slice(4));
    const { exit, output } = await startEmbedded();
    writeFileSync(file, right);
    expect(exit.code).toBe(78);
    expect(output).toContain('does not contain 32 bytes in base64');
  }, 30_000);

  it('refuses to start with another ENCRYPTION_KEY, beside the key file or instead of it', async () => {
    const beside = await startEmbedded({ ENCRYPTION_KEY: OTHER_KEY });
    expect(beside.exit.code).toBe(78);
    expect(beside.output).toContain(`ENCRYPTION_KEY differs from the key in ${file}`);
    renameSync(file, `${file}.away`);
    const instead = await startEmbedded({ ENCRYPTION_KEY: OTHER_KEY });
    expect(instead.exit.code).toBe(78);
    expect(instead.output).toContain(DOES_NOT_OPEN);
    renameSync(`${file}.away`, file);
  }, 60_000);

  it('starts again with its own key, from the file or as ENCRYPTION_KEY alone', async () => {
    expect((await startEmbedded()).exit.code).toBe(0);
    renameSync(file, `${file}.away`);
    const key = readFileSync(`${file}.away`, 'utf8').trim();
    expect((await startEmbedded({ ENCRYPTION_KEY: key })).exit.code).toBe(0);
    renameSync(`${file}.away`, file);
  }, 60_000);
});
