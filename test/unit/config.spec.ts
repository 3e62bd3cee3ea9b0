import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, readConfig } from '../../src/config/config.js';
import { envExample, VARIABLE_GROUPS } from '../../src/config/env-example.js';
import { DECLARED } from '../../src/providers/declared.js';

const KEY = Buffer.alloc(32, 7).toString('base64');

const LATAM_PASS = {
  LATAM_PASS_BASE_URL: 'https://api.latampass.example/',
  LATAM_PASS_CLIENT_ID: 'id',
  LATAM_PASS_CLIENT_SECRET: 'secret',
  LATAM_PASS_PARTNER_ID: 'partner',
};
const LOYALTY_LAYER = {
  LOYALTY_LAYER_BASE_URL: 'https://loyaltylayer.example',
  LOYALTY_LAYER_CLIENT_ID: 'id',
  LOYALTY_LAYER_CLIENT_SECRET: 'secret',
};
const LATCOM_WITHOUT_SECRET = {
  LATCOM_BASE_URL: 'https://latcom.example/api/distributor',
  LATCOM_CUSTOMER_ID: 'id',
};
const LATCOM = { ...LATCOM_WITHOUT_SECRET, LATCOM_SECRET_KEY: 'secret' };

function errorsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.errors;
    throw error;
  }
  return [];
}

const REAL = withOthers({ ...LATAM_PASS, ...LOYALTY_LAYER, ...LATCOM });

/** Adds base URLs for the providers that `env` does not configure, and the credentials that these require. */
function withOthers(env: Record<string, string>): Record<string, string> {
  const variables = DECLARED.map(({ baseUrlVariable }) => baseUrlVariable).filter((name) => !(name in env));
  const all = { ...env, ...Object.fromEntries(variables.map((name) => [name, 'https://other.example'])) };
  const missing = errorsOf(all).flatMap((error) => /^(\w+) is not set/.exec(error)?.[1] ?? []);
  return { ...all, ...Object.fromEntries(missing.map((name) => [name, 'a-value'])) };
}

test('an empty environment runs everything embedded, with the documented defaults', () => {
  const { config, warnings } = readConfig({});
  expect(config).toMatchObject({
    host: '127.0.0.1',
    port: 3000,
    databaseUrl: null,
    dataDir: '.data',
    rateLimitPerMinute: 6000,
    requireSecondOperator: false,
    sandbox: { port: 3001, isFixed: false },
    breaker: { failures: 20, openMs: 5000 },
    providers: {
      'latam-pass': { sandbox: true, notifications: { pairs: [], headers: {} } },
      'loyalty-layer': { sandbox: true, requestsPerMinute: 100 },
      latcom: { sandbox: true, timeoutMs: 45_000, requestsPer15Minutes: 300 },
    },
  });
  expect(config.sandboxed).toEqual(DECLARED.map(({ title }) => title));
  expect(warnings).toEqual([]);
});

test('trusted proxies are addresses and CIDRs, and each wrong one is named', () => {
  const { config } = readConfig({ TRUST_PROXY: '10.0.0.0/8, 192.0.2.7 2001:db8::/32' });
  expect(config.trustedProxies).toEqual(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32']);
  expect(readConfig({ TRUST_PROXY: ' ' }).config.trustedProxies).toEqual([]);
  const errors = errorsOf({ TRUST_PROXY: 'loopback,10.0.0.0/33,10.0.0.0/8' });
  expect(errors).toHaveLength(2);
  expect(errors[0]).toMatch(/^TRUST_PROXY .*"loopback"$/);
  expect(errors[1]).toContain('10.0.0.0/33');
  for (const everything of ['0.0.0.0/0', '::ffff:0:0/96'])
    expect(readConfig({ TRUST_PROXY: everything }).warnings).toEqual([expect.stringContaining('trusts every client')]);
  expect(readConfig({ TRUST_PROXY: '::ffff:10.0.0.0/104' }).warnings).toEqual([]);
  expect(errorsOf({ TRUST_PROXY: '::ffff:10.0.0.0/95' })).toEqual([
    'TRUST_PROXY must have a prefix of 96 to 128 if IPv4 is written as IPv6 (better write IPv4, e.g. 10.0.0.0/8), not "::ffff:10.0.0.0/95"',
  ]);
});

test('the configuration is frozen, including its groups', () => {
  const { config } = readConfig({});
  expect(Object.isFrozen(config)).toBe(true);
  expect(Object.isFrozen(config.providers['latam-pass'])).toBe(true);
  expect(Object.isFrozen(config.providers['latam-pass'].notifications.pairs)).toBe(true);
});

test('all wrong variables are named at once', () => {
  const errors = errorsOf({
    PORT: '70000',
    LOG_LEVEL: 'loud',
    REQUIRE_SECOND_OPERATOR: 'yes',
    LATCOM_BASE_URL: 'http://latcom.example',
    BREAKER_FAILURES: '0',
  });
  const names = errors.map((error) => error.split(' ')[0]);
  expect(new Set(names)).toEqual(
    new Set([
      ...['PORT', 'LOG_LEVEL', 'REQUIRE_SECOND_OPERATOR', 'LATCOM_BASE_URL', 'BREAKER_FAILURES'],
      ...['LATCOM_CUSTOMER_ID', 'LATCOM_SECRET_KEY'],
    ]),
  );
});

test.each<[string, Record<string, string>, RegExp]>([
  ['a port in digits that are not ASCII', { PORT: '３０００' }, /^PORT must be a whole number/],
  [
    'an external database without an encryption key',
    { DATABASE_URL: 'postgres://u@h/d' },
    /^ENCRYPTION_KEY is not set/,
  ],
  [
    'a key that is too short',
    { ENCRYPTION_KEY: Buffer.alloc(31).toString('base64') },
    /^ENCRYPTION_KEY must be exactly 32/,
  ],
  ['a key that is not base64', { ENCRYPTION_KEY: `${KEY.slice(0, -2)}!=` }, /^ENCRYPTION_KEY must be exactly 32/],
  [
    'an unknown sslmode',
    { DATABASE_URL: 'postgres://u@h/d?sslmode=verify_full', ENCRYPTION_KEY: KEY },
    /^DATABASE_URL must have one of these sslmodes: disable/,
  ],
  [
    'an sslrootcert that cannot be read',
    { DATABASE_URL: 'postgres://u@h/d?sslrootcert=/nowhere/ca.crt', ENCRYPTION_KEY: KEY },
    /^DATABASE_URL names an unreadable file as sslrootcert/,
  ],
  [
    'a database that is not PostgreSQL',
    { DATABASE_URL: 'mysql://h/d', ENCRYPTION_KEY: KEY },
    /^DATABASE_URL must be a URL/,
  ],
  [
    'plain http beyond this machine',
    { ...LATCOM, LATCOM_BASE_URL: 'http://10.0.0.1/x' },
    /^LATCOM_BASE_URL must be https/,
  ],
  [
    'plain http to a name that begins like the loopback address',
    { ...LATCOM, LATCOM_BASE_URL: 'http://127.0.0.1.evil.example' },
    /^LATCOM_BASE_URL must be https/,
  ],
  [
    'credentials in a URL',
    { ...LATCOM, LATCOM_BASE_URL: 'https://u:p@latcom.example' },
    /^LATCOM_BASE_URL must be a plain/,
  ],
  [
    'the suffix /sandbox in a base URL',
    { ...LATAM_PASS, LATAM_PASS_BASE_URL: 'https://h/sandbox' },
    /must not end in \/sandbox/,
  ],
  ['a base URL without credentials', { LOYALTY_LAYER_BASE_URL: 'https://h' }, /^LOYALTY_LAYER_CLIENT_ID is not set/],
  [
    'a notification username without a password',
    { LATAM_PASS_NOTIFICATION_USERNAME: 'u' },
    /^LATAM_PASS_NOTIFICATION_PASSWORD is not set, but/,
  ],
  [
    'an operator name with a colon',
    { ADMIN_USERNAME: 'a:b', ADMIN_PASSWORD: 'p'.repeat(12) },
    /^ADMIN_USERNAME must be/,
  ],
  [
    'an operator name that looks like a key',
    { ADMIN_USERNAME: 'key_1', ADMIN_PASSWORD: 'p'.repeat(12) },
    /^ADMIN_USERNAME must be/,
  ],
  ['an operator without a password', { ADMIN_USERNAME: 'ana' }, /^ADMIN_PASSWORD is not set/],
  [
    'a proxy of another kind',
    { OUTBOUND_PROXY_URL: 'socks5://h:1080' },
    /^OUTBOUND_PROXY_URL must be an http or https/,
  ],
  [
    'a proxy that is no URL',
    { OUTBOUND_PROXY_URL: 'proxy.example:3128' },
    /^OUTBOUND_PROXY_URL must be an http or https/,
  ],
  ['a proxy with a path', { OUTBOUND_PROXY_URL: 'http://h:3128/x' }, /^OUTBOUND_PROXY_URL must have no path/],
  ['a proxy with a query', { OUTBOUND_PROXY_URL: 'http://h:3128?x=1' }, /^OUTBOUND_PROXY_URL must have no path/],
  [
    'a proxy with a broken password',
    { OUTBOUND_PROXY_URL: 'http://u:50%@h:3128' },
    /^OUTBOUND_PROXY_URL has a user or/,
  ],
  ['a proxy with a colon in the user', { OUTBOUND_PROXY_URL: 'http://u%3Ax:p@h:3128' }, /^OUTBOUND_PROXY_URL must not/],
  ...['10.0.', 'a*.example', '10.0.0.0/33', '10.0.0.0/x', 'http://a.example', 'a.example:0', '[a.example]:1'].map(
    (entry): [string, Record<string, string>, RegExp] => [
      `${entry} in NO_PROXY`,
      { OUTBOUND_PROXY_URL: 'http://h:3128', NO_PROXY: `b.example,${entry}` },
      /^NO_PROXY has an entry that is neither/,
    ],
  ),
  [
    'NODE_EXTRA_CA_CERTS with a missing file',
    { NODE_EXTRA_CA_CERTS: '/nowhere/ca.crt' },
    /^NODE_EXTRA_CA_CERTS names a file that/,
  ],
  [
    'NODE_EXTRA_CA_CERTS with a file that holds no certificates',
    { NODE_EXTRA_CA_CERTS: import.meta.filename },
    /^NODE_EXTRA_CA_CERTS names a file with/,
  ],
  [
    'notification headers that are no object',
    { LATAM_PASS_NOTIFICATION_HEADERS: '["x"]' },
    /^LATAM_PASS_NOTIFICATION_HEADERS must be/,
  ],
  [
    'SANDBOX=false with a provider that has no base URL',
    { SANDBOX: 'false', ...LATAM_PASS, ...LATCOM },
    /^LOYALTY_LAYER_BASE_URL is not set/,
  ],
  [
    'production with a provider that has no base URL',
    { NODE_ENV: 'production', ...LATAM_PASS, ...LATCOM },
    /^LOYALTY_LAYER_BASE_URL is not set/,
  ],
])('the configuration refuses %s', (_what, env, expected) => {
  expect(errorsOf(env)).toContainEqual(expect.stringMatching(expected));
});

test('in production every provider needs its base URL, unless the sandbox is allowed', () => {
  const errors = errorsOf({ NODE_ENV: 'production' });
  const variables = DECLARED.map(({ baseUrlVariable }) => baseUrlVariable);
  const missing = errors.filter((error) => error.includes('_BASE_URL is not set: set the URL, or SANDBOX=true'));
  expect(missing.map((error) => error.split(' ')[0]).sort()).toEqual(variables.sort());
});

test('an error of the configuration never shows a secret', () => {
  const errors = errorsOf({
    ENCRYPTION_KEY: 'hunter2-secret',
    DATABASE_URL: 'x://user:hunter2-secret@h',
    OUTBOUND_PROXY_URL: 'http://user:hunter2%@h',
  });
  expect(errors).toHaveLength(3);
  expect(errors.join()).not.toContain('hunter2');
});

describe('the configured outbound proxy', () => {
  test('has its user and password decoded and apart from its address', () => {
    const { config } = readConfig({ OUTBOUND_PROXY_URL: 'http://us%40er:p%3A%2Fss@proxy.example:3128/' });
    const basic = Buffer.from('us@er:p:/ss').toString('base64');
    expect(config.outboundProxy).toEqual({
      url: 'http://proxy.example:3128',
      authorization: `Basic ${basic}`,
      exempt: [],
    });
  });

  test('is read from a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-proxy-'));
    const file = join(folder, 'proxy');
    writeFileSync(file, 'https://proxy.example\n');
    const { config } = readConfig({ OUTBOUND_PROXY_URL_FILE: file });
    rmSync(folder, { recursive: true });
    expect(config.outboundProxy).toMatchObject({ url: 'https://proxy.example', authorization: null });
  });

  test.each([
    [
      { NO_PROXY: ' a.example, .b.example\t*.c.example,,10.0.0.0/8 ' },
      ['a.example', '.b.example', '*.c.example', '10.0.0.0/8'],
    ],
    [{ no_proxy: 'a.example' }, ['a.example']],
    [{ NO_PROXY: 'a.example', no_proxy: 'b.example' }, ['a.example']],
    [{ NO_PROXY: '', no_proxy: 'b.example' }, ['b.example']],
  ])('has the exemptions of %j', (environment, expected) => {
    const { config } = readConfig({ OUTBOUND_PROXY_URL: 'http://proxy.example', ...environment });
    expect(config.outboundProxy?.exempt).toEqual(expected);
  });

  test('is set by OUTBOUND_PROXY_URL alone', () => {
    const { config } = readConfig({ HTTPS_PROXY: 'http://h', https_proxy: 'http://h', ALL_PROXY: 'h', NO_PROXY: '?' });
    expect(config.outboundProxy).toBeNull();
  });
});

test('a readable file in NODE_EXTRA_CA_CERTS is accepted', () => {
  const file = join(import.meta.dirname, '..', 'fixtures', 'tls', 'private-ca.crt');
  expect(errorsOf({ NODE_EXTRA_CA_CERTS: file })).toEqual([]);
});

test('production accepts the sandbox with SANDBOX=true, and the embedded database with a warning', () => {
  const { warnings } = readConfig({ NODE_ENV: 'production', SANDBOX: 'true' });
  expect(warnings).toContainEqual(expect.stringContaining('embedded PostgreSQL'));
});

test('accepted but unusual settings cause warnings', () => {
  const { config, warnings } = readConfig({
    ...REAL,
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://u@h/d',
    ENCRYPTION_KEY: KEY,
    LATAM_PASS_ENVIRONMENT: 'sandbox',
    LATCOM_BASE_URL: 'http://127.0.0.1:9/api/distributor',
    LATCOM_TIMEOUT_MS: '5000',
  });
  expect(config.providers.latcom.timeoutMs).toBe(5000);
  for (const name of [
    'LATCOM_TIMEOUT_MS',
    'LATCOM_BASE_URL',
    'LATAM_PASS_ENVIRONMENT',
    'LATAM_PASS_NOTIFICATION_USERNAME',
  ]) {
    expect(warnings).toContainEqual(expect.stringContaining(name));
  }
});

test.each([
  ['postgres://u@db.example/d', 'does not encrypt'],
  ['postgres://u@db.example/d?sslmode=disable', 'does not encrypt'],
  ['postgres://u@db.example/d?sslmode=no-verify', 'does not verify the database server'],
  ['postgres://u@db.example/d?sslmode=verify-full', null],
  ['postgres://u@localhost/d', null],
])('production warns when the database connection %s can be read or intercepted', (url, warning) => {
  const { warnings } = readConfig({ ...REAL, NODE_ENV: 'production', DATABASE_URL: url, ENCRYPTION_KEY: KEY });
  const found = warnings.filter((text) => text.startsWith('DATABASE_URL'));
  expect(found).toEqual(warning === null ? [] : [expect.stringContaining(warning)]);
});

test('a base URL loses its last slash, and the API of LoyaltyLayer is at the URL of its login by default', () => {
  const { config } = readConfig(REAL);
  expect(config.providers['latam-pass'].baseUrl).toBe('https://api.latampass.example');
  expect(config.providers['loyalty-layer'].apiBaseUrl).toBe('https://loyaltylayer.example');
  expect(config.providers['latam-pass'].environment).toBe('production');
  expect(config.sandboxed).toEqual([]);
});

describe('secrets from files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'config-'));
  const file = join(folder, 'secret');
  writeFileSync(file, 'from-the-file\n');
  afterAll(() => rmSync(folder, { recursive: true }));

  test('are read, without the line end', () => {
    expect(
      readConfig({ ...LATCOM_WITHOUT_SECRET, LATCOM_SECRET_KEY_FILE: file }).config.providers.latcom.secretKey,
    ).toBe('from-the-file');
  });

  test('beside the variable itself are an error', () => {
    expect(errorsOf({ ...LATCOM, LATCOM_SECRET_KEY_FILE: file })).toEqual([
      expect.stringMatching(/^LATCOM_SECRET_KEY and LATCOM_SECRET_KEY_FILE are both set/),
    ]);
  });

  test('that cannot be read are an error that names variable and file', () => {
    const missing = join(folder, 'missing');
    expect(errorsOf({ ...LATCOM_WITHOUT_SECRET, LATCOM_SECRET_KEY_FILE: missing })).toEqual([
      expect.stringMatching(/^LATCOM_SECRET_KEY cannot be read .*missing.*ENOENT/),
    ]);
  });
});

test('.env.example is generated from the declarations; otherwise run `npm run env-example`', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', '.env.example'), 'utf8');
  expect(text).toBe(envExample());
});

test('no variable is declared twice', () => {
  const names = VARIABLE_GROUPS.flatMap(({ variables }) => Object.keys(variables));
  expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
});

test('.env.example is a valid configuration with the defaults', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', '.env.example'), 'utf8');
  const lines = [...text.matchAll(/^([A-Z0-9_]+)=(.*)$/gm)];
  const { config } = readConfig(Object.fromEntries(lines.map(([, name, value]) => [String(name), String(value)])));
  expect(config).toEqual(readConfig({}).config);
});

test('a simulated provider is reached at the URL and with the credentials that the sandbox reports, and keeps the other variables of the operator', () => {
  const environment = {
    LATAM_PASS_CLIENT_SECRET_FILE: '/nowhere',
    LATAM_PASS_AUTHORIZATION: 'of-the-real-one',
    LATAM_PASS_NOTIFICATION_USERNAME: 'latam',
    LATAM_PASS_NOTIFICATION_PASSWORD: 'agreed',
    LATCOM_TIMEOUT_MS: '50000',
  };
  const { config } = readConfig({ ...environment, LATAM_PASS_CLIENT_SECRET_FILE: '' });
  const reached = config.reaching(environment, {
    'latam-pass': {
      LATAM_PASS_BASE_URL: 'http://127.0.0.1:9/latam-pass',
      LATAM_PASS_CLIENT_ID: 'id',
      LATAM_PASS_CLIENT_SECRET: 'secret',
      LATAM_PASS_AUTHORIZATION: '',
      LATAM_PASS_PARTNER_ID: 'partner',
    },
    latcom: {
      LATCOM_BASE_URL: 'http://127.0.0.1:9/latcom',
      LATCOM_CUSTOMER_ID: 'id',
      LATCOM_SECRET_KEY: 'secret',
    },
  });
  expect(reached.providers['latam-pass']).toMatchObject({
    sandbox: true,
    baseUrl: 'http://127.0.0.1:9/latam-pass',
    clientSecret: 'secret',
    authorization: null,
    notifications: { pairs: [{ username: 'latam', password: 'agreed' }] },
  });
  expect(reached.providers.latcom).toMatchObject({ sandbox: true, timeoutMs: 50_000, secretKey: 'secret' });
  expect(reached.isAllSandboxed).toBe(true);
});

test('a sandbox that reports no credential ends the start', () => {
  const { config } = readConfig({});
  const reach = { latcom: { LATCOM_BASE_URL: 'http://127.0.0.1:9/latcom', LATCOM_CUSTOMER_ID: 'id' } };
  expect(() => config.reaching({}, reach)).toThrow('LATCOM_SECRET_KEY is not set');
});
