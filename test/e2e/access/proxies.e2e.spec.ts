import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase } from '../../support/database.js';
import { ADMIN, startGateway, type Gateway } from '../../support/gateway.js';
import { at, textAt, type Credentials } from '../../support/http.js';

const APPS = '/v1/admin/apps';
const FLOOD = 120;
/** The longest acceptable time of a login, also during a flood of wrong ones. */
const PATIENCE_MS = 2_000;

let direct: Gateway;
let proxied: Gateway;

beforeAll(async () => {
  const database = await createDatabase();
  direct = await startGateway({ databaseUrl: database.url });
  proxied = await startGateway({ databaseUrl: database.url, env: { TRUST_PROXY: '127.0.0.0/8, 10.0.0.0/8' } });
}, 60_000);

async function login(gateway: Gateway, auth: Credentials, from = '198.51.100.1'): Promise<number> {
  const headers = { 'x-forwarded-for': from };
  return (await gateway.request('GET', APPS, { auth, headers })).status;
}

/** An operator who has never logged in. */
async function newOperator(username: string): Promise<Credentials> {
  const body = { username, password: `the-password-of-${username}`, role: 'viewer' };
  expect((await direct.request('POST', '/v1/admin/operators', { auth: ADMIN, body })).status).toBe(201);
  return body;
}

async function rightDuring(flood: Promise<number>[], auth: Credentials): Promise<{ status: number; ms: number }> {
  await sleep(300);
  const startedAt = performance.now();
  const status = await login(direct, auth);
  const ms = performance.now() - startedAt;
  await Promise.all(flood);
  return { status, ms };
}

describe('a flood of wrong logins from one address', () => {
  test('a flood under many names does not keep out an operator who has never logged in', async () => {
    const operator = await newOperator('fresh.name');
    const flood = Array.from({ length: FLOOD }, (_, index) =>
      login(direct, { username: `name${index}`, password: 'wrong' }),
    );
    const right = await rightDuring(flood, operator);
    expect(right.status).toBe(200);
    expect(right.ms).toBeLessThan(PATIENCE_MS);
    const statuses = await Promise.all(flood);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect(statuses.filter((status) => status === 401).length).toBeLessThan(100);
  }, 60_000);

  test("a flood under an operator's own name does not keep that operator out", async () => {
    const operator = await newOperator('own.name');
    const flood = Array.from({ length: FLOOD }, (_, index) =>
      login(direct, { username: operator.username, password: `wrong-${index}` }),
    );
    const right = await rightDuring(flood, operator);
    expect(right.status).toBe(200);
    expect(right.ms).toBeLessThan(PATIENCE_MS);
    expect(await Promise.all(flood)).not.toContain(200);
  }, 60_000);

  test('during a flood, an unknown name is refused no faster than a known one', async () => {
    await newOperator('quiet.name');
    const timed = async (username: string): Promise<number> => {
      const startedAt = performance.now();
      expect(await login(direct, { username, password: `wrong-${Math.random()}` })).toBe(429);
      return performance.now() - startedAt;
    };
    const flood = Array.from({ length: 120 }, (_, index) =>
      login(direct, { username: `n${index}`, password: 'wrong' }),
    );
    const [known, unknown] = await Promise.all([timed('quiet.name'), timed('nobody.at.all')]);
    await Promise.all(flood);
    expect(known).toBeGreaterThan(250);
    expect(unknown).toBeGreaterThan(250);
  }, 60_000);
});

describe('behind a trusted proxy', () => {
  const wrong = { username: 'guessed', password: 'wrong' };

  test('wrong logins of one client throttle only that client', async () => {
    const many = await Promise.all(
      Array.from({ length: 30 }, (_, index) => login(proxied, { ...wrong, password: `w${index}` }, '203.0.113.5')),
    );
    expect(many).toContain(429);
    expect(await login(proxied, wrong, '203.0.113.6')).toBe(401);
    // The entry that the client itself wrote is further left.
    expect(await login(proxied, wrong, '203.0.113.7, 203.0.113.5')).toBe(429);
  });

  test('the audit log has the address of the client, not of the proxy', async () => {
    const make = async (gateway: Gateway, from: string): Promise<string> => {
      const body = { name: 'Audited', scopes: ['accruals'] };
      const headers = { 'x-forwarded-for': from };
      return textAt((await gateway.request('POST', APPS, { auth: ADMIN, body, headers })).body, 'id');
    };
    const made = [await make(proxied, '203.0.113.8, 10.0.0.4'), await make(direct, '203.0.113.8')];
    const log = await direct.request('GET', '/v1/admin/audit-log?limit=100', { auth: ADMIN });
    const lines = at(log.body, 'data');
    const addressOf = (target: string): unknown =>
      at(Array.isArray(lines) ? lines.find((line) => at(line, 'target') === target) : null, 'address');
    expect(made.map(addressOf)).toEqual(['203.0.113.8', '127.0.0.1']);
  });
});
