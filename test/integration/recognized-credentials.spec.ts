import fc from 'fast-check';
import type { Pool } from 'pg';
import { newApiSecret } from '../../src/access/api-secret.js';
import { AppKeys } from '../../src/access/app-keys.service.js';
import { newUuid, publicId } from '../../src/common/ids.js';
import { Vault } from '../../src/crypto/gateway-vault.js';
import { Database } from '../../src/database/database.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';

const vault = new Vault(Buffer.alloc(32, 7));
const SECRETS = [newApiSecret(), newApiSecret()] as const;
const KEYS = [newUuid(), newUuid()] as const;
/** Less than the age at which a cached key is loaded again (3 s), so that the cached time of expiry decides. */
const EXPIRES_MS = 2_000;

let place: TestDatabase;
let pool: Pool;
let database: Database;

beforeAll(async () => {
  place = await createDatabase();
  pool = openPool(place, 4);
  database = new Database(pool);
});

afterAll(async () => {
  await pool.end();
  await place.drop();
});

async function addKey(keyId: string, secret: string, expiresInMs: number | null = null): Promise<void> {
  const app = newUuid();
  await database.query(`insert into apps (id, name, scopes) values ($1, 'Partner', '{topups}')`, [app]);
  await database.query(
    `insert into api_keys (id, app_id, secret_mac, expires_at) values ($1, $2, $3, now() + $4 * interval '1 ms')`,
    [keyId, app, vault.mac('api-secret', secret), expiresInMs],
  );
}

const headerOf = (keyId: string, secret: string): string =>
  `Basic ${Buffer.from(`${keyId}:${secret}`).toString('base64')}`;

it('recognized credentials give the caller that a full verification gives, and no others are recognized', async () => {
  await Promise.all(KEYS.map((key, index) => addKey(key, SECRETS[index] ?? '')));
  const [remembering, verifying] = [new AppKeys(database, vault), new AppKeys(database, vault)];
  const [key, otherKey] = KEYS.map((one) => publicId('key', one));
  const valid: [string, string][] = [
    [key ?? '', SECRETS[0]],
    [otherKey ?? '', SECRETS[1]],
  ];
  const keyIds = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom(...valid.map(([id]) => id), key?.toUpperCase(), publicId('key', newUuid())),
    },
    { weight: 1, arbitrary: fc.string() },
  );
  const secrets = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...SECRETS, `${SECRETS[0]} `, SECRETS[0].slice(0, -1), '') },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  );
  let recognized = 0;
  await fc.assert(
    fc.asyncProperty(keyIds, secrets, async (keyId = '', secret) => {
      const header = headerOf(keyId, secret);
      const verified = await verifying.verify(keyId, secret, header);
      expect([null, verified]).toContainEqual(remembering.recall(header));
      expect(await remembering.verify(keyId, secret, header)).toEqual(verified);
      expect(remembering.recall(header)).toEqual(verified);
      recognized += verified === null ? 0 : 1;
    }),
    { numRuns: 200, examples: [...valid, ...valid] },
  );
  expect(recognized).toBeGreaterThanOrEqual(2 * valid.length);
});

it('credentials are not recognized after their key has expired, or was revoked by this process', async () => {
  const [expiring, revoked] = [newUuid(), newUuid()];
  const secret = SECRETS[0];
  await addKey(expiring, secret, EXPIRES_MS);
  await addKey(revoked, secret);
  const keys = new AppKeys(database, vault);
  const recalled = (id: string): unknown => keys.recall(headerOf(publicId('key', id), secret));
  for (const id of [expiring, revoked]) {
    expect(await keys.verify(publicId('key', id), secret, headerOf(publicId('key', id), secret))).not.toBeNull();
    expect(recalled(id)).not.toBeNull();
  }
  await database.query('update api_keys set revoked_at = now() where id = $1', [revoked]);
  keys.forget([revoked]);
  expect(recalled(revoked)).toBeNull();
  await new Promise((resolve) => setTimeout(resolve, EXPIRES_MS));
  expect(recalled(expiring)).toBeNull();
});
