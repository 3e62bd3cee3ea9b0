import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildFourthProvider, mistaken, run } from '../../support/fourth-provider.js';
import { at, textAt, type Answer, type Credentials } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { exampleBody, scopes } from '../../support/openapi.js';
import { startProcess } from '../../support/processes.js';
import { eventually } from '../../support/wait.js';
import { startWorld, type World } from '../../support/world.js';

/* A provider needs its folders and an entry in three lists. Everything else is derived from its manifest. */

const NOTIFIER: Credentials = { username: 'norte', password: 'notification-password-of-norte' };
const MANIFEST = 'providers/puntos-norte/manifest.js';

let folder: string;
let dist: string;
let world: World;
let document: unknown;

beforeAll(async () => {
  folder = await buildFourthProvider();
  dist = join(folder, 'dist');
  world = await startWorld({
    dist,
    gateway: {
      PUNTOS_NORTE_POLL_MS: '500',
      PUNTOS_NORTE_NOTIFICATION_USERNAME: NOTIFIER.username,
      PUNTOS_NORTE_NOTIFICATION_PASSWORD: NOTIFIER.password,
    },
  });
  document = (await world.gateway().request('GET', '/openapi.json')).body;
}, 180_000);

const transfer = (changes: object = {}): object => ({
  reference: unique('transfer'),
  memberNumber: '1000000001',
  memberName: 'Ana Lopez',
  points: 500,
  ...changes,
});

/** Runs a module in the folder, and returns what it wrote to stdout and stderr. */
async function output(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: folder });
  return stdout + stderr;
}

it('the fourth provider has no lint error, and breaks no rule about imports', async () => {
  const own = ['src/providers/puntos-norte', 'src/sandbox/puntos-norte'];
  const lists = ['src/app.module.ts', 'src/providers/manifests.ts', 'src/sandbox/providers.ts'];
  await Promise.all([
    run(folder, 'eslint/bin/eslint.js', ...own, ...lists),
    run(folder, 'dependency-cruiser/bin/dependency-cruiser.mjs', 'src'),
  ]);
}, 180_000);

describe('the OpenAPI document with a fourth provider', () => {
  const schema = (...path: string[]): unknown => at(document, 'components', 'schemas', ...path);
  const route = (path: string, method: string): unknown => at(document, 'paths', path, method);

  it('has the routes of the provider, with tag and scope', () => {
    for (const operation of [route('/v1/transfers', 'post'), route('/v1/transfers/{id}', 'get')]) {
      expect(operation).toMatchObject({ tags: ['Transfers'], 'x-required-scope': 'transfers' });
    }
    expect(at(document, 'tags')).toContainEqual({ name: 'Transfers', description: expect.any(String) });
    expect(textAt(document, 'info', 'description')).toContain('Puntos Norte (transfers of points)');
  });

  it('lists its scope, name and transaction type in every enumeration', () => {
    expect(scopes(document)).toContain('transfers');
    expect(schema('TransactionDto', 'properties', 'provider', 'enum')).toContain('puntos-norte');
    expect(schema('TransactionDto', 'properties', 'type', 'enum')).toContain('transfer');
    expect(schema('ProviderHealthDto', 'properties', 'name', 'enum')).toContain('puntos-norte');
    // Every list of providers is complete.
    const lists = JSON.stringify(document).match(/"enum":\[[^\]]*"latcom"[^\]]*\]/g) ?? [];
    expect(lists.length).toBeGreaterThan(3);
    expect(lists.filter((list) => !list.includes('"puntos-norte"') && list.includes('"loyalty-layer"'))).toEqual([]);
  });

  it('has the member of its details, and its unit', () => {
    expect(schema('TransactionDto', 'properties', 'transfer')).toMatchObject({ type: 'object' });
    expect(textAt(schema('QuantityDto', 'properties', 'unit'), 'description')).toContain('PUNTOS_NORTE_POINTS');
  });

  it('has an example that the gateway accepts unchanged', async () => {
    const example = exampleBody(route('/v1/transfers', 'post'));
    expect(await world.call('POST', '/v1/transfers', example)).toMatchObject({ status: 202 });
  });
});

it('the fourth provider has its section in .env.example', async () => {
  const text = await output('dist/cli/env-example.js');
  expect(text).toMatch(/^# --- Puntos Norte: transfers of points -+$/m);
  expect(text).toMatch(/^PUNTOS_NORTE_REQUESTS_PER_MINUTE=30$/m);
  expect(text).toMatch(/^# \*\nPUNTOS_NORTE_CLIENT_SECRET=$/m);
});

it('the fourth provider is in the start banner as simulated, with its example', async () => {
  const script = `
    import { readConfig } from './dist/config/config.js';
    import { showBanner } from './dist/boot/banner.js';
    const seeded = { credentials: { app: { keyId: 'key_1', secret: 'secret' } }, file: '', isOperatorNew: false };
    showBanner({ ...readConfig({}), url: 'http://127.0.0.1:3000', seeded });`;
  const banner = await output('--input-type=module', '-e', script);
  expect(banner).toMatch(/\*\*\* SANDBOX \*\*\* .*Puntos Norte: simulated on this machine/);
  expect(banner).toMatch(/^Set .*PUNTOS_NORTE_BASE_URL to use the real /m);
  expect(banner).toMatch(/^Try it: .*a transfer of 500 points\.$/m);
  expect(banner).toContain('http://127.0.0.1:3000/v1/transfers');
});

it('the fourth provider accepts only apps with its scope', async () => {
  const ask = async (allowed: string[]): Promise<Answer> =>
    world.gateway().request('POST', '/v1/transfers', {
      auth: await world.createApp({ scopes: allowed }),
      body: transfer(),
      headers: { 'idempotency-key': unique('key') },
    });
  expect(await ask(scopes(document).filter((scope) => scope !== 'transfers'))).toMatchObject({
    status: 403,
    body: { code: 'forbidden' },
  });
  expect(await ask(['transfers'])).toMatchObject({ status: 202 });
});

it('the fourth provider accepts notifications with its own credentials alone, and they end a transfer', async () => {
  const slow = await world.call('POST', '/v1/transfers', transfer({ memberNumber: '1000099608' }));
  const path = `/v1/transfers/${textAt(slow.body, 'id')}`;
  const accepted = await eventually(
    10_000,
    () => world.call('GET', path),
    ({ body }) => at(body, 'status') === 'processing',
  );
  const body = { trackingId: textAt(accepted.body, 'correlationId'), status: 'COMPLETED', receipt: 'PN-1' };
  const notify = (auth?: Credentials): Promise<Answer> =>
    world.gateway().request('POST', '/v1/providers/puntos-norte/notifications', { body, ...(auth && { auth }) });
  for (const auth of [undefined, { ...NOTIFIER, password: 'wrong' }, world.notifier, world.partner]) {
    expect(await notify(auth)).toMatchObject({ status: 401 });
  }
  expect(at((await world.call('GET', path)).body, 'status')).toBe('processing');
  expect(await notify(NOTIFIER)).toMatchObject({ status: 200 });
  const ended = await eventually(
    10_000,
    () => world.call('GET', path),
    ({ body: now }) => at(now, 'status') === 'succeeded',
  );
  expect(ended.body).toMatchObject({ providerReference: 'PN-1' });
}, 30_000);

it('a transfer of the fourth provider fails for an unknown member', async () => {
  const { body } = await world.call('POST', '/v1/transfers', transfer({ memberNumber: '1000099404' }), {
    prefer: 'wait=20',
  });
  expect(body).toMatchObject({ status: 'failed', failure: { code: 'member_not_found', category: 'member' } });
});

describe('a mistake in the manifest of the fourth provider', () => {
  const MISTAKES: readonly (readonly [what: string, from: string, to: string])[] = [
    ['provider latcom', "name: 'puntos-norte'", "name: 'latcom'"],
    ['operation topup', 'transfer: {', 'topup: {'],
    ['scope topups', "scopes: ['transfers']", "scopes: ['topups']"],
    ['scope transactions:read', "scopes: ['transfers']", "scopes: ['transfers', 'transactions:read']"],
    ['unit MXN', 'units: { [POINTS_UNIT]: 0 }', 'units: { MXN: 0 }'],
    [
      'variable LATCOM_BASE_URL',
      'variables: PUNTOS_NORTE_VARIABLES',
      "variables: { ...PUNTOS_NORTE_VARIABLES, LATCOM_BASE_URL: { text: '' } }",
    ],
  ];

  it.each(MISTAKES)('ends the start and is named when another provider has the %s', async (what, from, to) => {
    const spoiled = mistaken(folder, what.replaceAll(' ', '-'), MANIFEST, from, to);
    const child = startProcess('main.js', { NODE_ENV: 'test' }, spoiled);
    expect((await child.exited).code).not.toBe(0);
    expect(child.output()).toContain(`the ${what} is declared twice`);
  });

  it('ends the start when its module cannot read the notifications that it declares', async () => {
    const file = 'providers/puntos-norte/puntos-norte.module.js';
    const spoiled = mistaken(folder, 'no-reader', file, ', readNotification }', ' }');
    const child = startProcess('main.js', { NODE_ENV: 'test' }, spoiled);
    expect((await child.exited).code).not.toBe(0);
    expect(child.output()).toContain('needs both notifications in its manifest and a readNotification');
  });

  it('ends the start and names the variable when production has no base URL', async () => {
    const child = startProcess('main.js', { NODE_ENV: 'production' }, dist);
    expect((await child.exited).code).toBe(78);
    expect(child.output()).toMatch(/PUNTOS_NORTE_BASE_URL is not set/);
  });

  it('prevents a record when a personal member is not declared', async () => {
    const from = "personal: ['memberNumber', 'memberName']";
    const spoiled = await startWorld({
      dist: mistaken(folder, 'personal', MANIFEST, from, "personal: ['memberNumber']"),
    });
    expect(await spoiled.call('POST', '/v1/transfers', transfer())).toMatchObject({ status: 500 });
    // The log is written after the answers.
    await eventually(
      5_000,
      () => Promise.resolve(spoiled.gateway().output()),
      (log) => log.includes('"error":"UndeclaredPersonalMember","errorCode":"transfer.memberName"'),
    );
    expect((await spoiled.call('GET', '/v1/transactions')).body).toMatchObject({ data: [] });
  }, 60_000);
});
