import { at, type Answer } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { eventually } from '../../support/wait.js';
import { accrual, pass, startWorld, topup, type World } from '../../support/world.js';

let world: World;

beforeAll(async () => {
  world = await startWorld({ gateway: { LATCOM_BALANCE_SECONDS: '3600' } });
  // Waits for the gateway's first balance query (a login and the query), because the tests count calls.
  await eventually(
    20_000,
    () => world.sandbox.calls('latcom'),
    (calls) => calls.length >= 2,
  );
}, 60_000);

function pointers(answer: Answer): unknown[] {
  const errors = at(answer.body, 'errors');
  return Array.isArray(errors) ? errors.map((error) => at(error, 'pointer')) : [];
}

const TOMORROW = new Date(Date.now() + 86_400_000).toISOString();
const document = { documentId: '01234567890', documentType: 'CPF', issueCountryCode: 'BR' };

const BAD: [path: string, what: string, body: unknown, pointer: string][] = [
  ['/v1/accruals', 'neither ffn nor document', accrual({ member: {} }), '/member'],
  ['/v1/accruals', 'no member', accrual({ member: undefined }), '/member'],
  ['/v1/accruals', 'a member that is a list', accrual({ member: [] }), '/member'],
  [
    '/v1/accruals',
    'an incomplete document',
    accrual({ member: { document: { documentId: '1' } } }),
    '/member/document/documentType',
  ],
  ['/v1/accruals', 'an ffn that is a number', accrual({ member: { ffn: 1234567890 } }), '/member/ffn'],
  [
    '/v1/accruals',
    'a country in small letters',
    accrual({ member: { document: { ...document, issueCountryCode: 'br' } } }),
    '/member/document/issueCountryCode',
  ],
  ['/v1/accruals', 'points as a string', accrual({ points: '3000' }), '/points'],
  ['/v1/accruals', 'half a point', accrual({ points: 1.5 }), '/points'],
  ['/v1/accruals', 'no points', accrual({ points: 0 }), '/points'],
  ['/v1/accruals', 'negative points', accrual({ points: -1 }), '/points'],
  ['/v1/accruals', 'too many points', accrual({ points: 2 ** 53 }), '/points'],
  ['/v1/accruals', 'a date in the future', accrual({ occurredAt: TOMORROW }), '/occurredAt'],
  ['/v1/accruals', 'a date without an offset', accrual({ occurredAt: '2026-01-20T14:10:36' }), '/occurredAt'],
  ['/v1/accruals', 'a day that does not exist', accrual({ occurredAt: '2026-02-30T14:10:36Z' }), '/occurredAt'],
  ['/v1/accruals', 'a release in the past', accrual({ releaseAt: '2026-01-20T14:10:36Z' }), '/releaseAt'],
  ['/v1/accruals', 'a release too far ahead', accrual({ releaseAt: '2030-01-20T14:10:36Z' }), '/releaseAt'],
  ['/v1/accruals', 'a reference that is too long', accrual({ reference: 'x'.repeat(51) }), '/reference'],
  ['/v1/accruals', 'an empty reference', accrual({ reference: '' }), '/reference'],
  ['/v1/accruals', 'a reference with a line feed', accrual({ reference: 'a\nb' }), '/reference'],
  ['/v1/accruals', 'an unknown member', accrual({ partnerId: 'mine' }), '/partnerId'],
  [
    '/v1/accruals',
    'an unknown member deeper',
    accrual({ member: { ffn: '01234567890', balance: 1 } }),
    '/member/balance',
  ],
  ['/v1/accruals', 'null where a value belongs', accrual({ description: null }), '/description'],
  ['/v1/accruals', 'metadata that is not of strings', accrual({ metadata: { a: 1 } }), '/metadata'],
  ['/v1/accruals', 'no object at all', [], ''],
  ['/v1/passes', 'no holder', pass({ holder: undefined }), '/holder'],
  ['/v1/passes', 'a holder without a name', pass({ holder: { firstName: 'Ana' } }), '/holder/lastName'],
  ['/v1/passes', 'a plan with a space', pass({ planId: 'A B' }), '/planId'],
  [
    '/v1/passes',
    'an e-mail address that is none',
    pass({ holder: { firstName: 'A', lastName: 'B', email: 'x' } }),
    '/holder/email',
  ],
  ['/v1/topups', 'Arabic digits', topup({ phoneNumber: '٥٥٣٧٦٨٦٦٦٠' }), '/phoneNumber'],
  ['/v1/topups', 'a phone number as a number', topup({ phoneNumber: 5537686660 }), '/phoneNumber'],
  ['/v1/topups', 'an old mobile prefix', topup({ phoneNumber: '+5215537686660' }), '/phoneNumber'],
  ['/v1/topups', 'a number that nobody has', topup({ phoneNumber: '0000000000' }), '/phoneNumber'],
  ['/v1/topups', 'centavos', topup({ amount: { value: '10.50', currency: 'MXN' } }), '/amount/value'],
  ['/v1/topups', 'an amount as a number', topup({ amount: { value: 10, currency: 'MXN' } }), '/amount/value'],
  ['/v1/topups', 'another currency', topup({ amount: { value: '10.00', currency: 'USD' } }), '/amount/currency'],
  ['/v1/topups', 'too little', topup({ amount: { value: '9.00', currency: 'MXN' } }), '/amount/value'],
  ['/v1/topups', 'too much', topup({ amount: { value: '5001', currency: 'MXN' } }), '/amount/value'],
  [
    '/v1/topups',
    "another price than the package's",
    topup({ productId: 'MOVISTAR_PAQUETE_16', amount: { value: '16', currency: 'MXN' } }),
    '/amount/value',
  ],
  ['/v1/topups', 'a product that is not sold', topup({ productId: 'TELCEL' }), '/productId'],
  ['/v1/topups', 'another operator', topup({ operator: 'TELCEL' }), '/operator'],
  ['/v1/topups', 'a wish that is no yes or no', topup({ allowDuplicate: 'true' }), '/allowDuplicate'],
  ['/v1/topups', 'an expiry in the past', topup({ expiresAt: '2026-01-20T14:10:36Z' }), '/expiresAt'],
];

describe('a bad request is refused, reaches no provider and uses up no key:', () => {
  it.each(BAD)('%s: %s', async (path, _what, body, pointer) => {
    const before = (await world.sandbox.calls()).length;
    const key = unique('bad');
    const answer = await world.call('POST', path, body, { 'idempotency-key': key });
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ status: 400, code: 'validation_failed', requestId: expect.any(String) });
    expect(pointers(answer)).toContain(pointer);
    expect((await world.sandbox.calls()).length).toBe(before);
    const rows = await world.call('GET', '/v1/transactions?limit=1');
    expect(rows.body).toEqual({ data: [], nextCursor: null });
  });

  it.each([
    ['malformed JSON', '{"reference":', 'application/json', 400, 'validation_failed'],
    ['__proto__', '{"__proto__":{"points":1}}', 'application/json', 400, 'validation_failed'],
    ['constructor', '{"constructor":{"prototype":{}}}', 'application/json', 400, 'validation_failed'],
    ['another content type', 'reference=1', 'application/x-www-form-urlencoded', 415, 'unsupported_media_type'],
    [
      'a body that is too long',
      JSON.stringify({ reference: 'x'.repeat(70_000) }),
      'application/json',
      413,
      'payload_too_large',
    ],
  ])('%s', async (_what, body, contentType, status, code) => {
    const answer = await world.call('POST', '/v1/accruals', body, { 'content-type': contentType });
    expect(answer.body).toMatchObject({ status, code });
  });

  it('without an Idempotency-Key', async () => {
    const answer = await world.gateway().request('POST', '/v1/topups', { auth: world.partner, body: topup() });
    expect(answer.body).toMatchObject({ status: 400, code: 'idempotency_key_missing' });
  });

  it.each([
    '?limit=7&limit=8',
    '?limit=0',
    '?limit=101',
    '?limit=1e1',
    '?limit=٧',
    '?cursor=x',
    '?status=done',
    '?nothing=1',
    '?createdFrom=yesterday',
  ])('GET /v1/transactions%s', async (query) => {
    expect((await world.call('GET', `/v1/transactions${query}`)).body).toMatchObject({
      status: 400,
      code: 'validation_failed',
    });
  });

  it.each([
    'txn_',
    'txn_x',
    'pass_019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11',
    "txn_' or 1=1--",
    'txn_019AA3C5-7D2E-7C3B-9D6B-0D9F2F1D4A11',
  ])('the id %s is not found', async (id) => {
    expect((await world.call('GET', `/v1/transactions/${encodeURIComponent(id)}`)).body).toMatchObject({
      status: 404,
      code: 'not_found',
    });
  });
});

it('the log has the code of each refused request, and nothing of what it contained', async () => {
  for (const [path, , body] of BAD) await world.call('POST', path, body);
  const log = world.gateway().output();
  expect(log).toContain('"code":"validation_failed"');
  for (const sent of ['01234567890', '5537686660', '5215537686660', '٥٥٣٧٦٨٦٦٦٠', 'Souza', 'MOVISTAR', '3000"']) {
    expect(log).not.toContain(sent);
  }
});
