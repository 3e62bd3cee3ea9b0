import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import { at, textAt, type Credentials } from '../../support/http.js';
import { createOperator } from '../../support/authorized-callers.js';
import { unique } from '../../support/ids.js';
import { SERVER_CA } from '../../support/tls-postgres.js';
import { eventually } from '../../support/wait.js';
import { startWorld, topup, type World } from '../../support/world.js';

/*
 * The log events that an investigation needs: who did what, and who tried to (ASVS V16.3). authorization.e2e.spec.ts
 * tests the audit of changes and of personal data for every route.
 */

let world: World;
let impostor: Server;
let arrived = 0;

beforeAll(async () => {
  // A certificate that no trusted authority has signed.
  const key = readFileSync(join(SERVER_CA, '..', 'server.key'));
  impostor = createServer({ cert: readFileSync(SERVER_CA), key }, (_request, response) => {
    arrived += 1;
    response.end('{}');
  });
  await new Promise<void>((resolve) => impostor.listen(0, '127.0.0.1', resolve));
  const address = impostor.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  world = await startWorld({ gateway: { LATCOM_BASE_URL: `https://localhost:${port}/api/distributor` } });
}, 60_000);

afterAll(() => void impostor.close());

/** Waits until a log line after the position has all wanted members, and returns it. */
async function logged(since: number, wanted: Readonly<Record<string, unknown>>): Promise<unknown> {
  const lines = await eventually(
    15_000,
    () =>
      Promise.resolve(
        world
          .gateway()
          .output()
          .slice(since)
          .split('\n')
          .filter((line) => line.startsWith('{')),
      ),
    (all) => all.some((line) => isLike(line, wanted)),
  );
  const found: unknown = JSON.parse(lines.find((line) => isLike(line, wanted)) ?? '{}');
  return found;
}

function isLike(line: string, wanted: Readonly<Record<string, unknown>>): boolean {
  const parsed: unknown = JSON.parse(line);
  return Object.entries(wanted).every(([name, value]) => at(parsed, name) === value);
}

async function ask(auth: Credentials, path: string): Promise<{ status: number; since: number }> {
  const since = world.gateway().output().length;
  const { status } = await world.gateway().request('GET', path, { auth });
  return { status, since };
}

it('an authenticated operator and app are in the log, by id', async () => {
  const { id, auth } = await createOperator(world, 'viewer');
  const person = await ask(auth, '/v1/admin/apps');
  expect(await logged(person.since, { msg: 'request', operatorId: id })).toMatchObject({ status: 200 });
  const app = await ask(world.partner, '/v1/transactions');
  expect(await logged(app.since, { msg: 'request', keyId: world.partner.username })).toMatchObject({
    status: 200,
    appId: expect.stringMatching(/^app_/),
  });
});

it.each<[string, () => Credentials, string, string]>([
  [
    'an operator with a wrong password',
    () => ({ username: 'admin', password: 'not-the-one' }),
    '/v1/admin/apps',
    'operator',
  ],
  [
    'an unknown operator',
    () => ({ username: unique('nobody'), password: 'not-the-one' }),
    '/v1/admin/apps',
    'operator',
  ],
  ['a key with a wrong secret', () => ({ ...world.partner, password: 'lgs_not-the-one' }), '/v1/transactions', 'app'],
])('%s is in the log as refused, without the credentials', async (_who, credentials, path, kind) => {
  const auth = credentials();
  const { status, since } = await ask(auth, path);
  expect(status).toBe(401);
  expect(await logged(since, { msg: 'credentials refused', kind })).toMatchObject({ level: 'warn', ip: '127.0.0.1' });
  const output = world.gateway().output().slice(since);
  expect(output).not.toContain(auth.password);
  if (auth.username !== 'admin') expect(output).not.toContain(auth.username);
});

it('a denied operator and app are in the log, by id and with the reason', async () => {
  const { id, auth } = await createOperator(world, 'viewer');
  const since = world.gateway().output().length;
  await world.gateway().request('POST', '/v1/admin/providers/latcom/resume', { auth });
  expect(await logged(since, { msg: 'access denied', why: 'role' })).toMatchObject({ level: 'warn', operatorId: id });
  const partner = await ask(world.partner, '/v1/admin/apps');
  expect(await logged(partner.since, { msg: 'access denied', why: 'kind' })).toMatchObject({
    keyId: world.partner.username,
  });
  const blind = await world.createApp({ scopes: ['topups'] });
  const scopeless = await ask(blind, '/v1/transactions');
  expect(await logged(scopeless.since, { msg: 'access denied', why: 'scope' })).toMatchObject({
    keyId: blind.username,
  });
});

it('a password change is in the audit log, without the password', async () => {
  const { id, auth } = await createOperator(world, 'viewer');
  const newPassword = unique('another-password');
  const change = { currentPassword: auth.password, newPassword };
  await world.gateway().request('POST', '/v1/admin/operators/me/password', { auth, body: change });
  const { body } = await world.admin('GET', '/v1/admin/audit-log?limit=1');
  expect(at(body, 'data', 0)).toMatchObject({
    actor: `operator:${auth.username}`,
    action: 'operator.update',
    target: id,
    detail: { passwordChanged: true },
  });
  expect(JSON.stringify(body)).not.toContain(newPassword);
});

it('a provider with an untrusted certificate is logged, raises an alarm and gets no request', async () => {
  const since = world.gateway().output().length;
  const bought = await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=1' });
  expect(textAt(bought.body, 'status')).toBe('pending');
  expect(await logged(since, { msg: 'TLS with the provider failed: nothing was sent' })).toMatchObject({
    level: 'error',
    provider: 'latcom',
    reason: 'depth_zero_self_signed_cert',
  });
  expect(arrived).toBe(0);
  const text = String((await world.gateway().request('GET', '/metrics')).body);
  expect(text).toMatch(/gateway_alarms_total\{kind="provider_tls"\} [1-9]/);
});
