import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, readConfig } from '../../src/config/config.js';
import { VARIABLE_GROUPS } from '../../src/config/env-example.js';

/* Forms in which environment files, secret files and people write a value. */

const LATCOM = { LATCOM_BASE_URL: 'https://latcom.example', LATCOM_CUSTOMER_ID: 'id' };
const ENCRYPTION_KEY = Buffer.alloc(32, 7).toString('base64');

const folder = mkdtempSync(join(tmpdir(), 'environment-values-'));
const file = join(folder, 'secret');
afterAll(() => rmSync(folder, { recursive: true }));

function errorsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.errors;
    throw error;
  }
  return [];
}

describe('a secret file', () => {
  let env: Record<string, string>;
  // The environment of a process of its own.
  beforeEach(() => (env = { ...LATCOM, LATCOM_SECRET_KEY_FILE: file }));

  test.each([
    ['a line end', 'käse-secret\n'],
    ['a line end of Windows', 'käse-secret\r\n'],
    ['a byte order mark', '\uFEFFkäse-secret\r\n'],
  ])('is read without %s', (_what, text) => {
    writeFileSync(file, text);
    expect(readConfig(env).config.providers.latcom.secretKey).toBe('käse-secret');
  });

  test.each([
    ['UTF-16 with a byte order mark', Buffer.from('\uFEFFsecret\r\n', 'utf16le')],
    ['UTF-16 without one', Buffer.from('secret\r\n', 'utf16le')],
    ['Latin-1', Buffer.from('käse-secret\n', 'latin1')],
  ])('in %s is an error, because its bytes would be another secret', (_what, bytes) => {
    writeFileSync(file, bytes);
    expect(errorsOf(env)).toEqual([
      `LATCOM_SECRET_KEY is not text in UTF-8 in the file of LATCOM_SECRET_KEY_FILE (${file})`,
    ]);
  });

  test('is read once for each start, because a pipe has its content only once', () => {
    writeFileSync(file, 'piped');
    const { config } = readConfig(env);
    writeFileSync(file, '');
    expect(config.reaching(env, {}).providers.latcom.secretKey).toBe('piped');
  });

  test('that another start finds empty is an error', () => {
    writeFileSync(file, '');
    expect(errorsOf(env)).toEqual([expect.stringMatching(/^LATCOM_SECRET_KEY is empty in the file/)]);
  });
});

test('the sandbox is never reached with settings that have become wrong since the start', () => {
  const env: Record<string, string> = { ...LATCOM, LATCOM_SECRET_KEY: 'secret' };
  const { config } = readConfig(env);
  delete env['LATCOM_SECRET_KEY'];
  expect(() => config.reaching(env, {})).toThrow(/LATCOM_SECRET_KEY is not set/);
});

test('every variable that is not a secret says so when its _FILE is set, instead of ignoring it', () => {
  const variables = VARIABLE_GROUPS.flatMap((group) => Object.entries(group.variables));
  const names = variables.filter(([, { secret }]) => secret !== true).map(([name]) => name);
  expect(names.length).toBeGreaterThan(20);
  for (const name of names) {
    const error = `${name} is not read from a file, but ${name}_FILE is set: set ${name} instead`;
    expect(errorsOf({ OUTBOUND_PROXY_URL: 'http://proxy.example', [`${name}_FILE`]: file })).toContain(error);
  }
});

test.each(['"', "'"])('a value inside %s is kept, with a warning, whether set or in a file', (mark) => {
  writeFileSync(file, `${mark}first secret${mark}\n`);
  const env = {
    ...LATCOM,
    LATCOM_SECRET_KEY_FILE: file,
    LATCOM_CUSTOMER_ID: `${mark}id${mark}`,
    LATAM_PASS_NOTIFICATION_HEADERS: '{"x-api-key":"it\'s"}',
  };
  const { config, warnings } = readConfig(env);
  expect(config.providers.latcom.secretKey).toBe(`${mark}first secret${mark}`);
  expect(warnings.map((text) => text.split(' begins and ends with quotation marks')[0])).toEqual([
    'LATCOM_CUSTOMER_ID',
    'LATCOM_SECRET_KEY',
  ]);
  expect(warnings.join('')).not.toContain('first secret');
});

describe('the user and password in a database URL', () => {
  test.each(['a#b', '1#b', '#', 'a%b', 'a%zz', '1?b', '1?b=c', '1/b', 'a/b', 'a?b'])(
    'that are not percent-encoded are an error: %s',
    (password) => {
      for (const name of ['DATABASE_URL', 'DATABASE_MIGRATION_URL']) {
        const errors = errorsOf({ ENCRYPTION_KEY, [name]: `postgres://user:${password}@db.example:5432/loyalty` });
        expect(errors).toEqual([expect.stringMatching(new RegExp(`^${name} .*percent-encoded`))]);
      }
    },
  );

  test.each([
    `postgres://user:${encodeURIComponent('a#b%c?d/e@f:g')}@db.example:5432/loyalty`,
    'postgres://user:a@b:c@db.example:5432/loyalty',
    'postgres://db.example/loyalty?user=me@server&password=x',
    'postgres://user:secret@db.example/loyalty?application_name=me@home',
    'postgres:///loyalty?host=/var/run/postgresql',
  ])('that can be read are accepted: %s', (url) => {
    expect(readConfig({ ENCRYPTION_KEY, DATABASE_URL: url }).config.databaseUrl).toBe(url);
  });
});

describe('the headers of notifications', () => {
  const env = { LATAM_PASS_NOTIFICATION_USERNAME: 'u', LATAM_PASS_NOTIFICATION_PASSWORD: 'p' };

  test('keep a name that JavaScript treats specially', () => {
    const { config } = readConfig({ ...env, LATAM_PASS_NOTIFICATION_HEADERS: '{"__proto__":"x","constructor":"y"}' });
    expect(Object.entries(config.providers['latam-pass'].notifications.headers)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  test('cannot name one header twice', () => {
    const headers = '{"X-Api-Key":"x","x-api-key":"y"}';
    expect(errorsOf({ ...env, LATAM_PASS_NOTIFICATION_HEADERS: headers })).toEqual([
      expect.stringMatching(/^LATAM_PASS_NOTIFICATION_HEADERS names a header twice/),
    ]);
  });
});
