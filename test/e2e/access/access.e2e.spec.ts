import { eventually } from '../../support/wait.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase } from '../../support/database.js';
import { ADMIN, startGateway, type Gateway } from '../../support/gateway.js';
import { at, basicAuth, textAt, type Answer, type Credentials } from '../../support/http.js';

/** A read-only route for partner apps that requires a scope. */
const OWN = '/v1/topups/products';
const NOTIFICATIONS = '/v1/providers/latam-pass/notifications';
const NOTIFIER: Credentials = { username: 'latam', password: 'first:notification-password' };
const NOTIFIER_2: Credentials = { username: 'latam', password: 'second-notification-password' };
/** The documented time within which a revocation takes effect on all instances. */
const REVOCATION_MS = 5_000;

let gateway: Gateway;
let other: Gateway;

beforeAll(async () => {
  const database = await createDatabase();
  const env = {
    LATAM_PASS_NOTIFICATION_USERNAME: NOTIFIER.username,
    LATAM_PASS_NOTIFICATION_PASSWORD: NOTIFIER.password,
    LATAM_PASS_NOTIFICATION_USERNAME_2: NOTIFIER_2.username,
    LATAM_PASS_NOTIFICATION_PASSWORD_2: NOTIFIER_2.password,
    LATAM_PASS_NOTIFICATION_HEADERS: '{"X-Agreed":"yes"}',
  };
  gateway = await startGateway({ databaseUrl: database.url, env });
  other = await startGateway({ databaseUrl: database.url, env });
});

interface App {
  readonly id: string;
  readonly auth: Credentials;
}

const admin = (method: string, path: string, body?: unknown): Promise<Answer> =>
  gateway.request(method, `/v1/admin${path}`, { auth: ADMIN, ...(body !== undefined && { body }) });

function credentialsOf({ body }: Answer): Credentials {
  return { username: textAt(body, 'keyId'), password: textAt(body, 'secret') };
}

async function newApp(more: Record<string, unknown> = {}): Promise<App> {
  const id = textAt((await admin('POST', '/apps', { name: 'Partner', scopes: ['topups'], ...more })).body, 'id');
  return { id, auth: credentialsOf(await admin('POST', `/apps/${id}/keys`, {})) };
}

const status = async (auth?: Credentials, path = OWN, at_: Gateway = gateway): Promise<number> =>
  (await at_.request('GET', path, auth ? { auth } : {})).status;

/** Waits for the next minute if this one ends soon, so that a test stays in one rate limit window. */
async function earlyInTheMinute(): Promise<void> {
  const leftMs = 60_000 - (Date.now() % 60_000);
  if (leftMs < 12_000) await sleep(leftMs + 200);
}

async function becomes(expected: number, ask: () => Promise<number>): Promise<number> {
  const startedAtMs = performance.now();
  while (performance.now() - startedAtMs < 10_000) {
    if ((await ask()) === expected) return performance.now() - startedAtMs;
    await sleep(50);
  }
  return Infinity;
}

describe('access to routes', () => {
  let app: App;
  beforeAll(async () => {
    app = await newApp();
  });

  test('an app may use routes of its scopes and no others', async () => {
    expect(await status(app.auth)).toBe(200);
    const refused = await gateway.request('GET', '/v1/passes', { auth: app.auth });
    expect([refused.status, at(refused.body, 'code')]).toEqual([403, 'forbidden']);
    expect(refused.headers['ratelimit']).toMatch(/^"default";r=\d+;t=\d+$/);
  });

  test('apps are refused on admin routes, operators on app routes, and both on notifications', async () => {
    expect(await status(app.auth, '/v1/admin/apps')).toBe(403);
    expect(await status(ADMIN)).toBe(403);
    for (const auth of [app.auth, ADMIN]) {
      expect((await gateway.request('POST', NOTIFICATIONS, { auth, body: {} })).status).toBe(401);
    }
  });

  test.each<[string, Record<string, string>]>([
    ['no header', {}],
    ['another scheme', { authorization: 'Bearer abc' }],
    ['a scheme that only contains the word', { authorization: 'XBasic a2V5OnNlY3JldA==' }],
    ['nothing behind the scheme', { authorization: 'Basic' }],
    ['no colon', { authorization: `Basic ${Buffer.from('abc').toString('base64')}` }],
    ['no base64', { authorization: 'Basic %%%' }],
    ['no name', { authorization: basicAuth({ username: '', password: 'x' }) }],
  ])('credentials with %s are answered 401 with a challenge', async (_what, headers) => {
    const answer = await gateway.request('GET', OWN, { headers });
    expect([answer.status, at(answer.body, 'code')]).toEqual([401, 'unauthenticated']);
    expect(answer.headers['www-authenticate']).toMatch(/^Basic realm=/);
  });

  test('a wrong secret, an unknown key and an unknown operator get the same response', async () => {
    const shape = async (auth: Credentials): Promise<unknown> => {
      const {
        status: code,
        headers,
        body,
      } = await gateway.request('GET', OWN, { auth, headers: { 'x-request-id': 'same' } });
      return { code, body, names: Object.keys(headers).sort() };
    };
    const wrong = await shape({ ...app.auth, password: `lgs_${'x'.repeat(49)}` });
    const cut = await shape({ ...app.auth, password: app.auth.password.slice(0, -1) });
    const unknown = await shape({ ...app.auth, username: 'key_019aa3f0-0000-7000-8000-000000000001' });
    const operator = await shape({ username: 'nobody', password: 'x' });
    expect(wrong).toMatchObject({ code: 401 });
    expect([cut, unknown, operator]).toEqual([wrong, wrong, wrong]);
  });

  test('both credential pairs of the notifier are accepted, only together with the agreed header', async () => {
    const notify = async (
      auth: Credentials,
      headers: Record<string, string> = { 'x-agreed': 'yes' },
    ): Promise<number> =>
      (await gateway.request('POST', NOTIFICATIONS, { auth, headers, body: '{"any":"thing"}' })).status;
    expect(await notify(NOTIFIER)).toBe(200);
    expect(await notify(NOTIFIER_2)).toBe(200);
    expect(await notify(NOTIFIER, {})).toBe(401);
    expect(await notify(NOTIFIER, { 'x-agreed': 'no' })).toBe(401);
    expect(await notify({ ...NOTIFIER, password: 'first' })).toBe(401);
    expect(await status(NOTIFIER)).toBe(401);
  });
});

describe('keys of apps', () => {
  test('a revoked key is refused at once here, and by another instance that last saw it seconds ago', async () => {
    const app = await newApp();
    const sister = credentialsOf(await admin('POST', `/apps/${app.id}/keys`, {}));
    for (const instance of [gateway, other]) expect(await status(app.auth, OWN, instance)).toBe(200);
    expect((await admin('DELETE', `/apps/${app.id}/keys/${app.auth.username}`)).status).toBe(204);
    expect(await status(app.auth)).toBe(401);
    // No request arrives meanwhile, so nothing is refreshed in the background.
    await sleep(REVOCATION_MS - 1_000);
    expect(await status(app.auth, OWN, other)).toBe(401);
    for (const instance of [gateway, other]) expect(await status(sister, OWN, instance)).toBe(200);
  });

  test('a revoked key in constant use is refused by every instance within 5 s', async () => {
    const app = await newApp();
    expect(await status(app.auth, OWN, other)).toBe(200);
    await admin('DELETE', `/apps/${app.id}/keys/${app.auth.username}`);
    expect(await becomes(401, () => status(app.auth, OWN, other))).toBeLessThan(REVOCATION_MS);
  });

  test('a key does not accept the secret of another key, of the same app or of another', async () => {
    const app = await newApp();
    const stranger = await newApp();
    const sister = credentialsOf(await admin('POST', `/apps/${app.id}/keys`, {}));
    for (const { password } of [sister, stranger.auth]) {
      expect(await status({ username: app.auth.username, password })).toBe(401);
    }
  });

  test('a rotated key is valid until its grace period ends', async () => {
    const app = await newApp();
    const rotated = await admin('POST', `/apps/${app.id}/keys/${app.auth.username}/rotate`, { graceSeconds: 2 });
    const successor = credentialsOf(rotated);
    for (const auth of [app.auth, successor]) {
      for (const instance of [gateway, other]) expect(await status(auth, OWN, instance)).toBe(200);
    }
    await sleep(2_100);
    for (const instance of [gateway, other]) expect(await status(app.auth, OWN, instance)).toBe(401);
    expect(await status(successor)).toBe(200);
  });

  test('keys of a removed app, and a removed scope, are refused by every instance within 5 s', async () => {
    const app = await newApp({ scopes: ['topups', 'passes'] });
    expect(await status(app.auth, OWN, other)).toBe(200);
    await admin('PATCH', `/apps/${app.id}`, { scopes: ['passes'] });
    expect(await status(app.auth)).toBe(403);
    expect(await becomes(403, () => status(app.auth, OWN, other))).toBeLessThan(REVOCATION_MS);
    await admin('DELETE', `/apps/${app.id}`);
    expect(await status(app.auth)).toBe(401);
    expect(await becomes(401, () => status(app.auth, OWN, other))).toBeLessThan(REVOCATION_MS);
  });
});

describe('operators', () => {
  const made = async (role: string): Promise<App> => {
    const auth = { username: `${role}.${Date.now()}`, password: 'three-unrelated-words' };
    return { id: textAt((await admin('POST', '/operators', { ...auth, role })).body, 'id'), auth };
  };

  test('a removed operator, and a removed role, are refused by every instance within 5 s', async () => {
    const [leaver, mover] = [await made('viewer'), await made('operator')];
    const resume = async (): Promise<number> =>
      (await other.request('POST', '/v1/admin/providers/latcom/resume', { auth: mover.auth })).status;
    expect([await status(leaver.auth, '/v1/admin/apps', other), await resume()]).toEqual([200, 200]);
    expect((await admin('DELETE', `/operators/${leaver.id}`)).status).toBe(204);
    expect((await admin('PATCH', `/operators/${mover.id}`, { role: 'viewer' })).status).toBe(200);
    const waits = [becomes(401, () => status(leaver.auth, '/v1/admin/apps', other)), becomes(403, resume)];
    for (const waited of await Promise.all(waits)) expect(waited).toBeLessThan(REVOCATION_MS);
  });
});

describe('rate limits', () => {
  test('exactly 50 of 100 simultaneous requests pass a limit of 50', async () => {
    const app = await newApp({ rateLimitPerMinute: 50 });
    await earlyInTheMinute();
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => gateway.request('GET', OWN, { auth: app.auth })),
    );
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(50);
    const refused = answers.filter((answer) => answer.status === 429);
    expect(refused).toHaveLength(50);
    for (const answer of refused) {
      expect(at(answer.body, 'code')).toBe('rate_limited');
      expect(answer.headers['ratelimit']).toMatch(/^"default";r=0;t=\d+$/);
      expect(answer.headers['ratelimit-policy']).toBe('"default";q=50;w=60');
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    }
  });

  test('two instances together never let more requests pass than the limit', async () => {
    const app = await newApp({ rateLimitPerMinute: 60 });
    await earlyInTheMinute();
    let passed = 0;
    for (let round = 0; round < 10; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, index) => status(app.auth, OWN, index % 2 === 0 ? gateway : other)),
      );
      passed += answers.filter((code) => code === 200).length;
    }
    expect(passed).toBeLessThanOrEqual(60);
    expect(passed).toBeGreaterThanOrEqual(54);
  });

  test('every response reports the limit and counts down by one', async () => {
    const app = await newApp({ rateLimitPerMinute: 1000 });
    await earlyInTheMinute();
    const left: number[] = [];
    for (const path of [OWN, `${OWN}?x=1&x=2`, '/v1/passes', '/v1/topups/txn_nothing']) {
      const { headers } = await gateway.request('GET', path, { auth: app.auth });
      expect(headers['ratelimit-policy']).toBe('"default";q=1000;w=60');
      left.push(Number(/r=(\d+)/.exec(headers['ratelimit'] ?? '')?.[1]));
    }
    expect(left).toEqual([999, 998, 997, 996]);
  });

  test('an exhausted limit does not affect another app, and a raised limit takes effect', async () => {
    const app = await newApp({ rateLimitPerMinute: 1 });
    const neighbor = await newApp();
    await earlyInTheMinute();
    expect([await status(app.auth), await status(app.auth)]).toEqual([200, 429]);
    expect(await status(neighbor.auth)).toBe(200);
    await admin('PATCH', `/apps/${app.id}`, { rateLimitPerMinute: 10 });
    expect(await status(app.auth)).toBe(200);
  });
});

describe('guessed credentials', () => {
  test('a thousand wrong secrets are throttled, and the right secret still passes', async () => {
    const app = await newApp();
    const wrong = { ...app.auth, password: 'wrong' };
    const codes = await Promise.all(Array.from({ length: 1000 }, () => status(wrong)));
    expect(new Set(codes)).toEqual(new Set([401, 429]));
    expect(codes.filter((code) => code === 401).length).toBeLessThan(200);
    expect(await status(app.auth)).toBe(200);
    const slowed = await gateway.request('GET', OWN, { auth: wrong });
    expect([slowed.status, at(slowed.body, 'code')]).toEqual([429, 'rate_limited']);
    expect(Number(slowed.headers['retry-after'])).toBeGreaterThan(0);
  });

  test("an operator's wrong passwords are hashed about once a second, and an operator who has logged in stays logged in", async () => {
    expect(await status(ADMIN, '/v1/admin/apps')).toBe(200);
    const wrong = { ...ADMIN, password: 'wrong' };
    const codes = await Promise.all(Array.from({ length: 100 }, () => status(wrong, '/v1/admin/apps')));
    expect(codes.filter((code) => code === 401).length).toBeLessThanOrEqual(12);
    expect(codes.filter((code) => code === 429).length).toBeGreaterThanOrEqual(88);
    expect(await status(ADMIN, '/v1/admin/apps')).toBe(200);
  });

  test('failures of guessed credentials are counted by kind, and no guess is logged', async () => {
    const app = await newApp();
    // Earlier tests may have used up the failed attempts of this address. They are refilled within seconds.
    const guess = (): Promise<number> => status({ ...app.auth, password: 'guessed-secret' });
    await eventually(30_000, guess, (answered) => answered === 401);
    expect(await status(app.auth, '/v1/passes')).toBe(403);
    const { body } = await gateway.request('GET', '/metrics');
    expect(String(body)).toMatch(/gateway_auth_failures_total\{kind="app"\} [1-9]/);
    expect(String(body)).toMatch(/gateway_auth_failures_total\{kind="forbidden_scope"\} [1-9]/);
    for (const secret of ['guessed-secret', NOTIFIER.password]) expect(gateway.output()).not.toContain(secret);
  });
});
