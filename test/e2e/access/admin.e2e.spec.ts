import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { createDatabase, type TestDatabase } from '../../support/database.js';
import { ADMIN, startGateway, type Gateway } from '../../support/gateway.js';
import { at, textAt, type Answer, type Credentials } from '../../support/http.js';
import { bareId } from '../../support/ids.js';

let gateway: Gateway;
let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase();
  gateway = await startGateway({ databaseUrl: database.url });
});

const ask = (method: string, path: string, body?: unknown, auth: Credentials = ADMIN, at_: Gateway = gateway) =>
  at_.request(method, `/v1/admin${path}`, { auth, ...(body !== undefined && { body }) });

/** The lines of the audit log, newest first. */
async function audited(): Promise<unknown> {
  return at((await ask('GET', '/audit-log?limit=100')).body, 'data');
}

/** Begins `act` while `removal` is executed but not committed. `act` must wait for the commit and respect it. */
async function during(removal: string, values: unknown[], act: () => Promise<Answer>): Promise<Answer> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query('begin');
  await client.query(removal, values);
  const acting = act();
  await sleep(500);
  await client.query('commit');
  await client.end();
  return acting;
}

describe('apps', () => {
  test('that are removed are not restored by a simultaneous change', async () => {
    const id = textAt((await ask('POST', '/apps', { name: 'Gone', scopes: ['passes'] })).body, 'id');
    const changed = await during('update apps set deleted_at = now() where id = $1', [bareId(id)], () =>
      ask('PATCH', `/apps/${id}`, { name: 'Back' }),
    );
    expect(changed.status).toBe(404);
    expect((await ask('GET', `/apps/${id}`)).status).toBe(404);
  });

  test('removing an app while its keys are rotated, added and revoked causes no deadlock', async () => {
    const statuses: number[] = [];
    for (let round = 0; round < 15; round += 1) {
      const id = textAt((await ask('POST', '/apps', { name: 'Busy', scopes: ['passes'] })).body, 'id');
      const keyId = textAt((await ask('POST', `/apps/${id}/keys`, {})).body, 'keyId');
      const answers = await Promise.all([
        ask('POST', `/apps/${id}/keys/${keyId}/rotate`, {}),
        ask('POST', `/apps/${id}/keys`, {}),
        ask('DELETE', `/apps/${id}`),
        ask('POST', `/apps/${id}/keys/${keyId}/rotate`, {}),
        ask('DELETE', `/apps/${id}/keys/${keyId}`),
      ]);
      statuses.push(...answers.map(({ status }) => status));
    }
    expect(new Set(statuses)).not.toContain(500);
    expect(statuses.filter((status) => status === 204).length).toBeGreaterThanOrEqual(15);
  });

  test('an app that is being removed gets no new key', async () => {
    const id = textAt((await ask('POST', '/apps', { name: 'Gone', scopes: ['passes'] })).body, 'id');
    const made = await during('update apps set deleted_at = now() where id = $1', [bareId(id)], () =>
      ask('POST', `/apps/${id}/keys`, {}),
    );
    expect(made.status).toBe(404);
  });

  test('apps are created, read, changed and removed, and each change is audited', async () => {
    const created = await ask('POST', '/apps', { name: 'Hotel', scopes: ['passes'], defaultHoldDays: 30 });
    expect(created.status).toBe(201);
    const id = textAt(created.body, 'id');
    expect(id).toMatch(/^app_/);
    expect(created.body).toMatchObject({ defaultHoldDays: 30, productId: null });
    const changed = await ask('PATCH', `/apps/${id}`, { name: 'Hotel Sol', defaultHoldDays: null });
    expect(changed.body).toMatchObject({ name: 'Hotel Sol', scopes: ['passes'], defaultHoldDays: null });
    expect((await ask('GET', `/apps/${id}`)).body).toEqual(changed.body);
    expect((await ask('DELETE', `/apps/${id}`)).status).toBe(204);
    expect((await ask('GET', `/apps/${id}`)).status).toBe(404);
    expect((await ask('DELETE', `/apps/${id}`)).status).toBe(404);
    for (const action of ['app.create', 'app.update', 'app.delete']) {
      expect(await audited()).toContainEqual(
        expect.objectContaining({ action, target: id, actor: `operator:${ADMIN.username}` }),
      );
    }
  });

  test('apps are listed newest first, in pages, each exactly once', async () => {
    const made: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      made.unshift(textAt((await ask('POST', '/apps', { name: `App ${index}`, scopes: ['passes'] })).body, 'id'));
    }
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await ask('GET', `/apps?limit=2${cursor}`);
      const data = at(body, 'data');
      if (Array.isArray(data)) seen.push(...data.map((app) => textAt(app, 'id')));
      const next = at(body, 'nextCursor');
      cursor = typeof next === 'string' ? `&cursor=${next}` : '';
    } while (cursor !== '');
    expect(seen.slice(0, 5)).toEqual(made);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test.each([
    'app_1',
    'key_019aa3f0-0000-7000-8000-000000000001',
    'app_019AA3F0-0000-7000-8000-000000000001',
    "app_';--",
  ])('no app is found under %s', async (id) => {
    expect((await ask('GET', `/apps/${encodeURIComponent(id)}`)).status).toBe(404);
  });

  test('the secret of a key is shown once and never listed, audited or logged', async () => {
    const id = textAt((await ask('POST', '/apps', { name: 'Secret', scopes: ['passes'] })).body, 'id');
    const key = await ask('POST', `/apps/${id}/keys`, {});
    expect(key.status).toBe(201);
    const secret = textAt(key.body, 'secret');
    expect(secret).toMatch(/^lgs_[\w-]{49}$/);
    const list = await ask('GET', `/apps/${id}/keys`);
    expect(at(list.body, 'data', 0, 'keyId')).toBe(textAt(key.body, 'keyId'));
    expect(JSON.stringify(list.body)).not.toContain('secret');
    expect(JSON.stringify(await audited())).not.toContain(secret);
    expect(gateway.output()).not.toContain(secret);
  });

  test('the key of one app cannot be revoked or rotated through another app', async () => {
    const mine = textAt((await ask('POST', '/apps', { name: 'Mine', scopes: ['passes'] })).body, 'id');
    const other = textAt((await ask('POST', '/apps', { name: 'Other', scopes: ['passes'] })).body, 'id');
    const keyId = textAt((await ask('POST', `/apps/${mine}/keys`, {})).body, 'keyId');
    expect((await ask('DELETE', `/apps/${other}/keys/${keyId}`)).status).toBe(404);
    expect((await ask('POST', `/apps/${other}/keys/${keyId}/rotate`, {})).status).toBe(404);
  });

  test('a new key accepts no members in its request', async () => {
    const id = textAt((await ask('POST', '/apps', { name: 'Strict', scopes: ['passes'] })).body, 'id');
    expect((await ask('POST', `/apps/${id}/keys`, { secret: 'mine' })).status).toBe(400);
  });

  test('rotating refuses a grace period of more than 30 days, and a key that has ended', async () => {
    const id = textAt((await ask('POST', '/apps', { name: 'Grace', scopes: ['passes'] })).body, 'id');
    const keyId = textAt((await ask('POST', `/apps/${id}/keys`, {})).body, 'keyId');
    const rotate = (graceSeconds: number) => ask('POST', `/apps/${id}/keys/${keyId}/rotate`, { graceSeconds });
    expect((await rotate(30 * 86_400 + 1)).status).toBe(400);
    expect((await rotate(0)).status).toBe(201);
    const again = await rotate(0);
    expect([again.status, at(again.body, 'code')]).toEqual([409, 'invalid_state']);
  });
});

describe('the audit log', () => {
  test('an action on an unknown provider leaves no line', async () => {
    expect((await ask('POST', '/providers/nobody/pause', { reason: 'x' })).status).toBe(404);
    expect(JSON.stringify(await audited())).not.toContain('nobody');
  });

  test('an export of all transactions leaves a line with its filters', async () => {
    expect((await ask('GET', '/transactions/export?provider=latcom&status=failed')).status).toBe(200);
    expect(await audited()).toContainEqual(
      expect.objectContaining({
        action: 'transaction.export',
        actor: `operator:${ADMIN.username}`,
        detail: { provider: 'latcom', status: 'failed' },
      }),
    );
  });
});

describe('operators', () => {
  const PASSWORD = 'a-long-enough:password';
  const make = async (username: string, role: string): Promise<string> => {
    const answer = await ask('POST', '/operators', { username, password: PASSWORD, role });
    expect(answer.status).toBe(201);
    return textAt(answer.body, 'id');
  };

  test('a password may contain a colon, and all of it counts', async () => {
    await make('colon', 'viewer');
    expect((await ask('GET', '/apps', undefined, { username: 'colon', password: PASSWORD })).status).toBe(200);
    expect((await ask('GET', '/apps', undefined, { username: 'colon', password: 'a-long-enough' })).status).toBe(401);
  });

  test('viewers and operators may read apps but not create them', async () => {
    await make('vera', 'viewer');
    await make('otto', 'operator');
    const app = { name: 'No', scopes: ['passes'] };
    for (const username of ['vera', 'otto']) {
      const auth = { username, password: PASSWORD };
      expect((await ask('GET', '/apps', undefined, auth)).status).toBe(200);
      const refused = await ask('POST', '/apps', app, auth);
      expect([refused.status, at(refused.body, 'code')]).toEqual([403, 'forbidden']);
    }
  });

  test('that are removed are not restored by a simultaneous change', async () => {
    const id = await make('leaver', 'admin');
    const changed = await during('delete from operators where id = $1', [bareId(id)], () =>
      ask('PATCH', `/operators/${id}`, { role: 'viewer' }),
    );
    expect(changed.status).toBe(404);
    expect((await ask('GET', '/apps', undefined, { username: 'leaver', password: PASSWORD })).status).toBe(401);
  });

  test('a username is unique and does not look like a key', async () => {
    await make('twice', 'viewer');
    const again = await ask('POST', '/operators', { username: 'twice', password: PASSWORD, role: 'viewer' });
    expect([again.status, at(again.body, 'code')]).toEqual([409, 'invalid_state']);
    const likeKey = await ask('POST', '/operators', { username: 'key_x', password: PASSWORD, role: 'viewer' });
    expect(likeKey.status).toBe(400);
  });

  test('operators change their own password, and the old one ends at once', async () => {
    await make('carla', 'viewer');
    const old = { username: 'carla', password: PASSWORD };
    const changed = { username: 'carla', password: 'another-long-password' };
    const change = (currentPassword: string) =>
      ask('POST', '/operators/me/password', { currentPassword, newPassword: changed.password }, old);
    expect((await change('wrong-password')).status).toBe(409);
    expect((await change(PASSWORD)).status).toBe(204);
    expect((await ask('GET', '/apps', undefined, changed)).status).toBe(200);
    expect((await ask('GET', '/apps', undefined, old)).status).toBe(401);
  });

  test('two administrators who demote each other do not leave the gateway without one', async () => {
    // Uses a separate gateway, because the first administrator may be a viewer afterwards.
    const own = await startGateway({ databaseUrl: (await createDatabase()).url });
    const askOwn = (method: string, path: string, body?: unknown, auth: Credentials = ADMIN) =>
      ask(method, path, body, auth, own);
    const first = textAt((await askOwn('GET', '/operators')).body, 'data', 0, 'id');
    expect((await askOwn('DELETE', `/operators/${first}`)).status).toBe(409);
    expect((await askOwn('PATCH', `/operators/${first}`, { role: 'viewer' })).status).toBe(409);
    const other = { username: 'second-admin', password: PASSWORD };
    const second = textAt((await askOwn('POST', '/operators', { ...other, role: 'admin' })).body, 'id');
    await askOwn('GET', '/apps', undefined, other);
    const both = await Promise.all([
      askOwn('PATCH', `/operators/${second}`, { role: 'viewer' }),
      askOwn('PATCH', `/operators/${first}`, { role: 'viewer' }, other),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    await own.stop();
  });
});

describe('plans', () => {
  test('plans are configured, changed, listed by name and removed', async () => {
    for (const planId of ['B-PLAN', 'A-PLAN', 'C-PLAN']) {
      const body = { planId, kind: 'lounge', enrolTokenRequired: true };
      expect((await ask('POST', '/plans', body)).status).toBe(201);
      expect((await ask('POST', '/plans', body)).status).toBe(409);
    }
    const first = await ask('GET', '/plans?limit=2');
    expect(at(first.body, 'data', 0, 'planId')).toBe('A-PLAN');
    const second = await ask('GET', `/plans?limit=2&cursor=${textAt(first.body, 'nextCursor')}`);
    expect(at(second.body, 'data', 0, 'planId')).toBe('C-PLAN');
    const changed = await ask('PATCH', '/plans/A-PLAN', { enrolTokenRequired: false });
    expect(changed.body).toMatchObject({ planId: 'A-PLAN', kind: 'lounge', enrolTokenRequired: false });
    expect((await ask('DELETE', '/plans/A-PLAN')).status).toBe(204);
    expect((await ask('GET', '/plans/A-PLAN')).status).toBe(404);
  });
});
