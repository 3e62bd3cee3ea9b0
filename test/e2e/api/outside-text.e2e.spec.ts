import { at, basicAuth, type Answer } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { sendRaw } from '../../support/sockets.js';
import { eventually } from '../../support/wait.js';
import { accrual, pass, startWorld, topup, type World } from '../../support/world.js';

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

function pointers(answer: Answer): unknown[] {
  const errors = at(answer.body, 'errors');
  return Array.isArray(errors) ? errors.map((error) => at(error, 'pointer')) : [];
}

/** Changes after which a reference looks like the original. */
const LOOK_ALIKES: [what: string, change: (reference: string) => string][] = [
  ['a blank at its end', (text) => `${text} `],
  ['a blank before it', (text) => ` ${text}`],
  ['a no-break space', (text) => `${text}\u00a0`],
  ['a zero-width space', (text) => `${text}\u200b`],
  ['a byte order mark', (text) => `\ufeff${text}`],
  ['a soft hyphen inside', (text) => `${text}\u00adx`],
  ['a mark that turns the direction', (text) => `\u202e${text}`],
  ['a variation selector', (text) => `${text}\ufe0f`],
  ['a control character', (text) => `${text}\u0007`],
  ['a line separator', (text) => `${text}\u2028x`],
];

describe('a transaction reference', () => {
  it.each(LOOK_ALIKES)('with %s is refused on every route', async (_what, change) => {
    const reference = change(unique('ref'));
    const card = { product: 'GOLD' };
    const requests: [string, object][] = [
      ['/v1/accruals', accrual({ reference })],
      ['/v1/topups', topup({ reference })],
      ['/v1/passes', pass({ reference })],
      ['/v1/cobranded', { reference, member: { ffn: '01234567890' }, card }],
      ['/v1/cobranded/end', { reference, ffn: '01234567890', card }],
    ];
    for (const [path, body] of requests) {
      const answer = await world.call('POST', path, body);
      expect([path, answer.status, pointers(answer)]).toEqual([path, 400, ['/reference']]);
    }
    const checked = await world.call('POST', '/v1/topups/validate', topup({ reference }));
    expect(at(checked.body, 'problems', 0, 'pointer')).toBe('/reference');
    const batch = await world.call('POST', '/v1/passes/batch', { passes: [pass({ reference })] });
    expect(at(batch.body, 'results', 0, 'problem', 'code')).toBe('validation_failed');
  });

  it('is the same in composed and decomposed form, and is sent composed', async () => {
    const end = unique('-order');
    const first = await world.call('POST', '/v1/accruals', accrual({ reference: `CAFE\u0301${end}` }));
    expect(at(first.body, 'reference')).toBe(`CAF\u00c9${end}`);
    const again = await world.call('POST', '/v1/accruals', accrual({ reference: `CAF\u00c9${end}` }));
    expect(again.body).toMatchObject({ status: 409, code: 'reference_conflict', transactionId: at(first.body, 'id') });
    const list = await world.call('GET', `/v1/transactions?reference=${encodeURIComponent(`CAFE\u0301${end}`)}`);
    expect(at(list.body, 'data', 0, 'id')).toBe(at(first.body, 'id'));
    const sent = await eventually(
      10_000,
      async () => (await world.sandbox.calls('latam-pass')).map((call) => JSON.stringify(call['body'])),
      (bodies) => bodies.some((body) => body.includes(end)),
    );
    expect(sent.filter((body) => body.includes(end)).every((body) => body.includes(`CAF\u00c9${end}`))).toBe(true);
  });

  it('has up to 50 characters, counted as code points', async () => {
    const fits = `${'\u{1F600}'.repeat(20)}${unique('x')}`.slice(0, 70);
    const valid = async (reference: string): Promise<unknown> =>
      at((await world.call('POST', '/v1/topups/validate', topup({ reference }))).body, 'valid');
    expect(await valid(fits)).toBe(true);
    expect(await valid('\u{1F600}'.repeat(50))).toBe(true);
    expect(await valid('\u{1F600}'.repeat(51))).toBe(false);
  });
});

it.each<[what: string, path: string, body: object, pointer: string]>([
  ['a description of blanks', '/v1/accruals', accrual({ description: '  ' }), '/description'],
  ['a description with a control character', '/v1/accruals', accrual({ description: 'a\u0001b' }), '/description'],
  [
    'a first name with blanks around it',
    '/v1/passes',
    pass({ holder: { firstName: ' Ana', lastName: 'S' } }),
    '/holder/firstName',
  ],
  [
    'a last name that turns the direction',
    '/v1/passes',
    pass({ holder: { firstName: 'Ana', lastName: 'a\u202eb' } }),
    '/holder/lastName',
  ],
  [
    'a name that nobody can see',
    '/v1/passes',
    pass({ holder: { firstName: '\u3164', lastName: 'S' } }),
    '/holder/firstName',
  ],
  ['metadata with an invisible name', '/v1/topups', topup({ metadata: { '\u200b': 'x' } }), '/metadata'],
  ['metadata with a name that ends in a blank', '/v1/topups', topup({ metadata: { 'a ': 'x' } }), '/metadata'],
  ['a date of the year 1', '/v1/accruals', accrual({ occurredAt: '0001-01-01T00:00:00Z' }), '/occurredAt'],
  ['a date eleven years ago', '/v1/accruals', accrual({ occurredAt: '2015-01-01T00:00:00Z' }), '/occurredAt'],
])('%s is refused', async (_what, path, body, pointer) => {
  const answer = await world.call('POST', path, body);
  expect([answer.status, pointers(answer)]).toEqual([400, [pointer]]);
});

it('the name of a pass holder may have joiners, accents and other scripts', async () => {
  const holder = { firstName: 'می\u200cخواهم', lastName: "Muñoz-D'Ávila" };
  expect((await world.call('POST', '/v1/passes', pass({ holder }))).status).toBe(201);
});

it.each([' ', '\u00a0', '\u200b', '\u3164', ' x'])(
  'a resolution with the evidence and reason %p is refused',
  async (text) => {
    const id = 'txn_019aa3f0-0000-7000-8000-000000000001';
    const body = { outcome: 'failed', evidence: text, reason: text };
    const answer = await world.admin('POST', `/v1/admin/transactions/${id}/resolve`, body);
    expect([answer.status, pointers(answer)]).toEqual([400, ['/evidence', '/reason']]);
    const closing = { filter: { class: 'cutoff_timing' }, resolution: 'explained', reason: text };
    expect(pointers(await world.admin('POST', '/v1/admin/breaks/resolve', closing))).toEqual(['/reason']);
  },
);

describe('a character that PostgreSQL cannot store', () => {
  it.each(['\0:\0', 'admin\0:password', 'a\u0001:b', '\ud800:b'])(
    'in the credentials %p is answered 401',
    async (pair) => {
      for (const path of ['/v1/transactions', '/v1/admin/apps', '/v1/providers/latam-pass/notifications']) {
        const headers = { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
        const method = path.endsWith('notifications') ? 'POST' : 'GET';
        const answer = await world.gateway().request(method, path, { headers });
        expect([path, answer.status]).toEqual([path, 401]);
      }
    },
  );

  it('credentials that are not UTF-8 are answered 401', async () => {
    const headers = { authorization: `Basic ${Buffer.from([0xff, 0x3a, 0xfe]).toString('base64')}` };
    expect((await world.gateway().request('GET', '/v1/admin/apps', { headers })).status).toBe(401);
  });

  it.each(['AFtd', 'YQBi', 'IA', 'w7E', 'YWJj_', '%00'])(
    'in the cursor %p of a list by name is answered 400',
    async (cursor) => {
      const answer = await world.admin('GET', `/v1/admin/plans?cursor=${cursor}`);
      expect([answer.status, pointers(answer)]).toEqual([400, ['?cursor']]);
    },
  );

  it('in a path or a query is answered 400', async () => {
    for (const path of ['/v1/admin/plans/a%00b', '/v1/admin/transactions?reference=%00', '/v1/admin/apps/app_%00']) {
      expect([path, (await world.admin('GET', path)).status]).toEqual([path, 400]);
    }
  });
});

it('a list by name continues where the page before ended', async () => {
  for (const planId of ['EDGE-1', 'EDGE-2']) {
    await world.admin('POST', '/v1/admin/plans', { planId, kind: 'other', enrolTokenRequired: false });
  }
  const first = await world.admin('GET', '/v1/admin/plans?limit=1');
  const next = await world.admin('GET', `/v1/admin/plans?limit=1&cursor=${String(at(first.body, 'nextCursor'))}`);
  expect([at(first.body, 'data', 0, 'planId'), at(next.body, 'data', 0, 'planId')]).toEqual(['EDGE-1', 'EDGE-2']);
});

it.each([
  ['a no-break space behind it', 'key-1\xa0'],
  ['a letter outside ASCII', 'cl\xe9'],
])('an Idempotency-Key with %s is refused', async (_what, key) => {
  const body = JSON.stringify(topup());
  const head = [
    'POST /v1/topups HTTP/1.1',
    'Host: x',
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Authorization: ${basicAuth(world.partner)}`,
    `Idempotency-Key: ${key}`,
  ];
  const bytes = Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1');
  expect(await sendRaw(world.gateway().url, bytes)).toMatch(/^HTTP\/1\.1 400 [\s\S]*"pointer":"Idempotency-Key"/);
});
