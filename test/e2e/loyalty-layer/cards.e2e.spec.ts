import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CompactEncrypt, generateKeyPair, importJWK } from 'jose';
import { faultOfJwe } from '../../../src/providers/loyalty-layer/cards/jwe.js';
import { at, textAt, type Answer } from '../../support/http.js';
import { encryptCard } from '../../support/jwe.js';
import { alarms } from '../../support/metrics.js';
import { freePort } from '../../support/processes.js';
import { startSandbox } from '../../support/sandbox.js';
import { tablesWith } from '../../support/sql.js';
import { pass, startWorld, type World } from '../../support/world.js';

const CARD = JSON.stringify({ CardNumber: '4111111111111111', CardExpiry: '12/29', NameOnCard: 'ANA', Cvv: '123' });
const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const KEY = publicKey.export({ format: 'jwk' });
const GOOD = encryptCard(KEY, CARD);

let world: World;

beforeAll(async () => {
  world = await startWorld({ gateway: { BREAKER_FAILURES: '100' } });
}, 60_000);

function tokenize(changes: object = {}): Promise<Answer> {
  return world.call('POST', '/v1/cards/tokenize', {
    encryptedValue: GOOD,
    planId: 'PP-LOUNGE',
    cardType: 'VISA',
    ...changes,
  });
}

const [header = '', ...parts] = GOOD.split('.');
const headed = (changes: object): string =>
  [
    Buffer.from(JSON.stringify({ alg: 'RSA-OAEP-256', enc: 'A256GCM', ...changes })).toString('base64url'),
    ...parts,
  ].join('.');

describe('an encrypted card', () => {
  it.each<[string, string, RegExp | null]>([
    ['is accepted with RSA-OAEP-256 and A256GCM', GOOD, null],
    ['is accepted with A128CBC-HS256', headed({ enc: 'A128CBC-HS256' }), null],
    ['is accepted with a kid', headed({ kid: 'k1' }), null],
    ['is refused with alg dir', headed({ alg: 'dir' }), /alg/],
    ['is refused with alg none', headed({ alg: 'none' }), /alg/],
    ['is refused with the older padding', headed({ alg: 'RSA1_5' }), /alg/],
    ['is refused without alg', headed({ alg: undefined }), /alg/],
    ['is refused with an unknown enc', headed({ enc: 'A256CTR' }), /enc/],
    ['is refused when it is compressed', headed({ zip: 'DEF' }), /zip/],
    ['is refused with extensions', headed({ crit: ['exp'] }), /crit/],
    ['is refused with four parts', parts.join('.'), /five parts/],
    ['is refused with six parts', `${GOOD}.AAAA`, /five parts/],
    ['is refused with an empty part', `${header}..${parts.slice(1).join('.')}`, /five parts/],
    ['is refused with base64 padding', `${GOOD}==`, /five parts/],
    ['is refused with a header that is a list', ['W10', ...parts].join('.'), /JSON object/],
    ['is refused with a header that is not JSON', ['AAAA', ...parts].join('.'), /JSON object/],
    ['is refused beyond 8 KiB', `${GOOD}${'A'.repeat(8192)}`, /8192/],
  ])('%s', (_what, text, fault) => {
    const found = faultOfJwe(text, ['RSA-OAEP-256']);
    if (fault === null) expect(found).toBeNull();
    else expect(found).toMatch(fault);
  });
});

describe('a card encrypted by a JOSE library', () => {
  const encrypted = async (header: { alg: string; enc: string; kid?: string }, text = CARD): Promise<string> => {
    const key = header.alg.startsWith('ECDH')
      ? (await generateKeyPair(header.alg)).publicKey
      : await importJWK({ ...KEY, alg: header.alg });
    return new CompactEncrypt(Buffer.from(text)).setProtectedHeader(header).encrypt(key);
  };

  it.each(['A128GCM', 'A192GCM', 'A256GCM', 'A128CBC-HS256', 'A192CBC-HS384', 'A256CBC-HS512'])(
    'is accepted with the encryption %s',
    async (enc) => {
      expect(faultOfJwe(await encrypted({ alg: 'RSA-OAEP-256', enc, kid: 'k1' }), ['RSA-OAEP-256'])).toBeNull();
    },
  );

  it('is refused with another algorithm or when it is too long', async () => {
    const ecdh = await encrypted({ alg: 'ECDH-ES', enc: 'A256GCM' });
    expect(faultOfJwe(ecdh, ['RSA-OAEP-256'])).toMatch(/alg|five parts/);
    const large = await encrypted({ alg: 'RSA-OAEP-256', enc: 'A256GCM' }, CARD.padEnd(8_192));
    expect(faultOfJwe(large, ['RSA-OAEP-256'])).toMatch(/8192/);
  });

  it('becomes an enrolToken when it is encrypted with the key from the gateway', async () => {
    const keys: unknown = at((await world.call('GET', '/v1/cards/encryption-keys')).body, 'keys', 0);
    if (typeof keys !== 'object' || keys === null) throw new Error('no key');
    const jwe = await new CompactEncrypt(Buffer.from(CARD))
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })
      .encrypt(await importJWK({ ...keys }, 'RSA-OAEP-256'));
    expect(await tokenize({ encryptedValue: jwe })).toMatchObject({ status: 201 });
  });
});

describe('tokenizing a card', () => {
  it('returns an enrolToken that issues a pass', async () => {
    const answer = await tokenize();
    expect(answer).toMatchObject({ status: 201, body: { enrolToken: expect.stringMatching(/^enrol_/) } });
    const enrolToken = textAt(answer.body, 'enrolToken');
    const issued = await world.call('POST', '/v1/passes', pass({ planId: 'PP-LOUNGE', enrolToken }));
    expect(issued).toMatchObject({ status: 201, body: { status: 'succeeded' } });
  });

  it('is refused without a call to LoyaltyLayer when the encryption is wrong', async () => {
    const before = (await world.sandbox.calls('loyalty-layer')).length;
    const answer = await tokenize({ encryptedValue: headed({ zip: 'DEF' }) });
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'validation_failed', errors: [{ pointer: '/encryptedValue' }] },
    });
    expect((await tokenize({ encryptedValue: CARD })).body).toMatchObject({ code: 'card_data_refused' });
    expect((await world.sandbox.calls('loyalty-layer')).length).toBe(before);
  });

  it('reports the refusal of LoyaltyLayer', async () => {
    expect(await tokenize({ planId: 'NO-SUCH-PLAN' })).toMatchObject({
      status: 502,
      body: { code: 'provider_error', provider: { name: 'loyalty-layer', code: 'invalid_plan_id' } },
    });
  });

  it.each([
    ['status-500', 502, 'provider_error'],
    ['html', 502, 'provider_error'],
    ['drop-before', 502, 'provider_error'],
    ['401', 201, undefined],
  ])('with the fault "%s" is answered %p %p', async (fault, status, code) => {
    await world.sandbox.fault({ provider: 'loyalty-layer', operation: 'tokenize', fault, times: 1 });
    const answer = await tokenize();
    expect(answer.status).toBe(status);
    expect(at(answer.body, 'code')).toBe(code);
  });

  it('is answered 504 when LoyaltyLayer does not answer in time', async () => {
    await world.sandbox.fault({ provider: 'loyalty-layer', operation: 'tokenize', fault: 'hang', times: 1 });
    expect(await tokenize()).toMatchObject({ status: 504, body: { code: 'provider_timeout' } });
  });

  it('makes no call while the provider is paused', async () => {
    await world.admin('POST', '/v1/admin/providers/loyalty-layer/pause', {});
    await sleep(1_100);
    const answer = await tokenize();
    expect(answer).toMatchObject({ status: 503, body: { code: 'provider_unavailable' } });
    expect(answer.headers['retry-after']).toMatch(/^\d+$/);
    await world.admin('POST', '/v1/admin/providers/loyalty-layer/resume');
  });

  it('leaves nothing of the card in the database or the log', async () => {
    expect(await tokenize()).toMatchObject({ status: 201 });
    const wrapped = parts[0] ?? GOOD;
    expect(await tablesWith(world, `${wrapped}|enrol_`)).toEqual([]);
    expect(world.gateway().output()).not.toMatch(/enrol_/);
    expect(world.gateway().output()).not.toContain(wrapped);
  });
});

describe('the encryption keys of LoyaltyLayer', () => {
  it('are returned unchanged and requested once', async () => {
    const first = await world.call('GET', '/v1/cards/encryption-keys');
    expect(first).toMatchObject({ status: 200, body: { keys: [{ kty: 'RSA', use: 'enc' }] } });
    expect(first.headers['content-type']).toMatch(/^application\/json/);
    expect((await world.call('GET', '/v1/cards/encryption-keys')).body).toEqual(first.body);
    const calls = await world.sandbox.calls('loyalty-layer');
    expect(calls.filter((call) => call['operation'] === 'encryption-keys')).toHaveLength(1);
    expect(await alarms(world, 'encryption_key_changed')).toBe(0);
  });

  it('raise an alarm when they change, even after a restart', async () => {
    const port = String(await freePort());
    const own = await startWorld({ sandbox: { SANDBOX_PORT: port } });
    const before = await own.call('GET', '/v1/cards/encryption-keys');
    await own.crash();
    expect((await own.call('GET', '/v1/cards/encryption-keys')).body).toEqual(before.body);
    expect(await alarms(own, 'encryption_key_changed')).toBe(0);
    await own.sandbox.kill();
    const later = await startSandbox({ SANDBOX_PORT: port });
    await own.crash();
    const after = await own.call('GET', '/v1/cards/encryption-keys');
    expect(after.status).toBe(200);
    expect(after.body).not.toEqual(before.body);
    expect(await alarms(own, 'encryption_key_changed')).toBe(1);
    await later.stop();
  }, 60_000);
});
