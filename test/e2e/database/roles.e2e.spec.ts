import { randomBytes } from 'node:crypto';
import { createDatabase, type TestDatabase } from '../../support/database.js';
import { ADMIN, startGateway, type Gateway } from '../../support/gateway.js';
import { query } from '../../support/sql.js';
import { startWorld, topup, type World } from '../../support/world.js';

/** The append-only tables, each with one column. */
const APPEND_ONLY = {
  audit_log: 'target',
  encryption_key_check: 'sealed',
  ledger_accounts: 'owner',
  ledger_checkpoints: 'held',
  ledger_entries: 'amount',
  ledger_seals: 'rows',
  transaction_batches: 'position',
  transaction_events: 'detail',
};
const WARNING = 'can change append-only tables';

let world: World;

beforeAll(async () => {
  world = await startWorld();
  // Makes rows that the tests try to change.
  await world.call('POST', '/v1/topups', topup());
});

/** The privileges of the role in `url` on each table, e.g. `INSERT SELECT`. */
async function privileges(url: string): Promise<Record<string, string>> {
  const rows = await query(
    url,
    `select c.relname as name, string_agg(p, ' ' order by p) filter (where has_table_privilege(c.oid, p)) as granted
     from pg_class c, unnest($1::text[]) p
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' group by c.relname`,
    [['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN']],
  );
  return Object.fromEntries(rows.map(({ name, granted }) => [String(name), String(granted)]));
}

describe('the database role of the gateway', () => {
  it('may append to append-only tables, change the others, and truncate none', async () => {
    const granted = await privileges(world.database.url);
    const expected = Object.keys(granted).map((name): [string, string] => {
      if (name === 'migrations') return [name, 'SELECT'];
      return [name, name in APPEND_ONLY ? 'INSERT SELECT' : 'DELETE INSERT SELECT UPDATE'];
    });
    expect(granted).toEqual(Object.fromEntries(expected));
    expect(expected.length).toBeGreaterThan(20);
  });

  it.each(Object.entries(APPEND_ONLY))('cannot change %s in any way', async (table, column) => {
    const acts: [string, string][] = [
      [`update ${table} set ${column} = ${column}`, 'permission denied'],
      [`delete from ${table}`, 'permission denied'],
      [`truncate ${table}`, 'permission denied'],
      [`select from ${table} for update`, 'permission denied'],
      [`alter table ${table} disable trigger all`, 'must be owner'],
      [`alter table ${table} disable trigger ${table}_append_only`, 'must be owner'],
      [`drop trigger ${table}_append_only on ${table}`, 'must be owner'],
      [`alter table ${table} drop column ${column}`, 'must be owner'],
      [`create trigger mine before insert on ${table} for each row execute function refuse_change()`, 'denied'],
      [`drop table ${table}`, 'must be owner'],
    ];
    for (const [act, refusal] of acts) {
      await expect(query(world.database.url, act)).rejects.toThrow(refusal);
    }
  });

  it.each([
    ['set session_replication_role = replica', 'permission denied to set parameter'],
    ['set role app', 'permission denied to set role'],
    ['alter role gateway superuser', 'permission denied to alter role'],
    ['create or replace function refuse_change() returns trigger language plpgsql as $$ begin end $$', 'denied'],
    ['alter function refuse_change() rename to harmless', 'must be owner'],
    ['create table public.mine ()', 'permission denied for schema'],
    [`update migrations set name = 'none'`, 'permission denied'],
  ])('cannot lift its restrictions: %s', async (act, refusal) => {
    await expect(query(world.database.url, act)).rejects.toThrow(refusal);
  });

  it('is all that the gateway has, and causes no warning', async () => {
    const rows = await query(
      world.database.adminUrl,
      `select distinct usename as role from pg_stat_activity
       where datname = current_database() and application_name = 'loyalty-gateway'`,
    );
    expect(rows).toEqual([{ role: 'gateway' }]);
    expect(world.gateway().output()).not.toContain(WARNING);
  });

  it('may have a table analyzed by its owner', async () => {
    await query(world.database.url, `select analyze_tables(array['transactions', 'no table of ours'])`);
    const analyzed = `select last_analyze is not null as done from pg_stat_user_tables where relname = 'transactions'`;
    expect(await query(world.database.adminUrl, analyzed)).toEqual([{ done: true }]);
  });
});

describe('an external database', () => {
  /** An empty database with an owner that has no other rights, and an application role without any right. */
  async function createRoles(): Promise<{ database: TestDatabase; ownerUrl: string; applicationUrl: string }> {
    const database = await createDatabase();
    const suffix = randomBytes(6).toString('hex');
    const urlOf = (role: string): string =>
      Object.assign(new URL(database.adminUrl), { username: role, password: role, pathname: `/other_${suffix}` }).href;
    const [owner, application] = [`owner_${suffix}`, `application_${suffix}`];
    for (const role of [owner, application]) {
      await query(database.adminUrl, `create role ${role} login password '${role}'`);
    }
    await query(database.adminUrl, `create database other_${suffix} owner ${owner}`);
    return { database, ownerUrl: urlOf(owner), applicationUrl: urlOf(application) };
  }

  async function startWith(databaseUrl: string, migrationUrl?: string): Promise<Gateway> {
    return startGateway({
      databaseUrl,
      env: migrationUrl === undefined ? {} : { DATABASE_MIGRATION_URL: migrationUrl },
    });
  }

  it("is migrated by its owner, and every start corrects the rights of the gateway's role", async () => {
    const { ownerUrl, applicationUrl } = await createRoles();
    const first = await startWith(applicationUrl, ownerUrl);
    expect(first.output()).not.toContain(WARNING);
    expect((await first.request('GET', '/v1/admin/apps', { auth: ADMIN })).status).toBe(200);
    const granted = await privileges(applicationUrl);
    expect(granted).toEqual(await privileges(world.database.url));
    await first.stop();

    await query(ownerUrl, `grant all on ledger_entries to ${new URL(applicationUrl).username}`);
    await query(ownerUrl, `revoke insert on transactions from ${new URL(applicationUrl).username}`);
    const loose = await startWith(applicationUrl);
    expect(loose.output()).toContain(WARNING);
    await loose.stop();

    // Starts two gateways at once, as in a deployment of several instances.
    const both = await Promise.all([startWith(applicationUrl, ownerUrl), startWith(applicationUrl, ownerUrl)]);
    expect(both.map((gateway) => gateway.output().includes(WARNING))).toEqual([false, false]);
    expect(await privileges(applicationUrl)).toEqual(granted);
    await Promise.all(both.map((gateway) => gateway.stop()));
  }, 60_000);

  it('is used by its owner alone with a warning', async () => {
    const { ownerUrl } = await createRoles();
    const gateway = await startWith(ownerUrl);
    expect(gateway.output()).toContain(WARNING);
    expect(gateway.output()).toContain('ledger_entries');
    await gateway.stop();
  });

  it('is refused when the two URLs name different databases', async () => {
    const { ownerUrl, database } = await createRoles();
    await expect(startWith(database.url, ownerUrl)).rejects.toThrow('name different databases');
  });

  it('shows the reader role the tables of reports, and nothing else', async () => {
    const { ownerUrl, applicationUrl } = await createRoles();
    const suffix = randomBytes(6).toString('hex');
    const readerUrl = Object.assign(new URL(ownerUrl), { username: `reader_${suffix}`, password: suffix }).href;
    await query(world.database.adminUrl, `create role reader_${suffix} login password '${suffix}'`);
    const env = { DATABASE_MIGRATION_URL: ownerUrl, DATABASE_READER_ROLE: `reader_${suffix}` };
    const gateway = await startGateway({ databaseUrl: applicationUrl, env });
    expect(
      await query(readerUrl, 'select count(*)::int as apps from apps a left join transactions t on t.app_id = a.id'),
    ).toEqual([{ apps: 0 }]);
    const rows = await query(
      readerUrl,
      `select table_name as table, string_agg(column_name, ' ') as columns
       from information_schema.column_privileges where grantee = $1 and privilege_type <> 'SELECT' or grantee = $1
         and column_name ~ '(sealed|mac|hash$|password|detail|metadata|idempotency_key)' group by table_name`,
      [`reader_${suffix}`],
    );
    expect(rows).toEqual([]);
    for (const table of ['plans', 'latcom_products'])
      expect(await query(readerUrl, `select from ${table} limit 0`)).toEqual([]);
    for (const table of ['operators', 'api_keys', 'audit_log', 'provider_tokens', 'notifications', 'resources']) {
      await expect(query(readerUrl, `select from ${table}`)).rejects.toThrow('permission denied');
    }
    for (const act of [
      'select * from transactions',
      'select sealed from transactions',
      'select detail from transaction_events',
      `update breaks set reason = 'x'`,
      `insert into plans (plan_id, kind, enrol_token_required) values ('x', 'other', false)`,
      'create table mine ()',
    ]) {
      await expect(query(readerUrl, act)).rejects.toThrow('permission denied');
    }
    await gateway.stop();
    // The start revokes manual grants.
    await query(ownerUrl, `grant all on operators, transactions to reader_${suffix}`);
    const again = await startGateway({ databaseUrl: applicationUrl, env });
    await expect(query(readerUrl, 'select from operators')).rejects.toThrow('permission denied');
    await expect(query(readerUrl, 'select sealed from transactions')).rejects.toThrow('permission denied');
    await again.stop();
  }, 90_000);

  it('is refused when the reader role is missing or has other rights', async () => {
    const { ownerUrl, applicationUrl } = await createRoles();
    for (const [role, refusal] of [
      ['nobody_at_all', 'the role nobody_at_all of DATABASE_READER_ROLE does not exist'],
      [new URL(applicationUrl).username, 'already has another task'],
    ] as const) {
      const env = { DATABASE_MIGRATION_URL: ownerUrl, DATABASE_READER_ROLE: role };
      await expect(startGateway({ databaseUrl: applicationUrl, env })).rejects.toThrow(refusal);
    }
  }, 60_000);
});
