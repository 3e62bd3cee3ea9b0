import { at, textAt, type Answer } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { MAGIC } from '../../support/magic.js';
import { eventually } from '../../support/wait.js';
import { pass, startWorld, type World } from '../../support/world.js';

let world: World;

beforeAll(async () => {
  world = await startWorld({
    sandbox: { SANDBOX_REQUESTS_PER_MINUTE: '400' },
    gateway: { LOYALTY_LAYER_REQUESTS_PER_MINUTE: '400' },
  });
}, 60_000);

function batch(passes: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return world.call('POST', '/v1/passes/batch', { passes }, { prefer: 'wait=15', ...headers });
}

function results(answer: Answer): unknown[] {
  const list = at(answer.body, 'results');
  if (!Array.isArray(list)) throw new Error(`no results: ${JSON.stringify(answer.body)}`);
  return list;
}

async function issuedCount(): Promise<number> {
  const effects = await world.sandbox.effects('loyalty-layer');
  return effects.filter((effect) => effect['kind'] === 'pass-create').length;
}

it('a batch of passes issues the good ones when others are refused, and reports each by its place', async () => {
  const known = pass();
  await world.call('POST', '/v1/passes', known);
  const before = await issuedCount();
  const twice = unique('twice');
  const answer = await batch([
    pass(),
    pass({ holder: { firstName: 'Ana' } }),
    pass({ reference: known['reference'] }),
    pass({ planId: 'PP-LOUNGE', enrolToken: 'invalid-token' }),
    'no object',
    pass({ planId: MAGIC.loyaltyLayer.gatewayTimeout }),
    pass({ reference: twice }),
    pass({ reference: twice }),
  ]);
  expect(answer.status).toBe(202);
  expect(results(answer)).toMatchObject([
    { index: 0, transaction: { status: 'succeeded', pass: { status: 'active', qrData: expect.any(String) } } },
    {
      index: 1,
      problem: { code: 'validation_failed', status: 400, errors: [{ pointer: '/passes/1/holder/lastName' }] },
    },
    { index: 2, problem: { code: 'reference_conflict', transactionId: expect.stringMatching(/^txn_/) } },
    { index: 3, transaction: { status: 'failed', failure: { code: 'invalid_enrol_token' } } },
    { index: 4, problem: { code: 'validation_failed', errors: [{ pointer: '/passes/4' }] } },
    { index: 5, transaction: { status: 'unknown' } },
    { index: 6, transaction: { status: 'succeeded' } },
    { index: 7, problem: { code: 'reference_conflict' } },
  ]);
  expect(await issuedCount()).toBe(before + 2);
});

it('a repeated batch of passes is one batch', async () => {
  const headers = { 'idempotency-key': unique('batch') };
  const passes = [pass({ holder: {} }), pass(), pass()];
  const first = await batch(passes, headers);
  expect(first.status).toBe(201);
  const before = await issuedCount();
  const again = await batch(passes, headers);
  expect(again).toMatchObject({ status: 201, headers: { 'idempotency-replayed': 'true' } });
  const ids = (answer: Answer): unknown[] => results(answer).map((one) => at(one, 'transaction', 'id'));
  expect(ids(again)).toEqual(ids(first));
  expect(await issuedCount()).toBe(before);
  for (const other of [passes.slice(0, 2), [pass(), ...passes], [passes[1], passes[0]]]) {
    expect((await batch(other, headers)).body).toMatchObject({ code: 'idempotency_key_reused' });
  }
  expect((await world.call('POST', '/v1/passes', pass(), headers)).body).toMatchObject({
    code: 'idempotency_key_reused',
  });
  expect(await issuedCount()).toBe(before);
});

it('a batch of passes sent by twenty callers at once is executed once', async () => {
  const headers = { 'idempotency-key': unique('parallel') };
  const passes = [pass(), pass(), pass()];
  const before = await issuedCount();
  const answers = await Promise.all(Array.from({ length: 20 }, () => batch(passes, headers)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  expect(await issuedCount()).toBe(before + 3);
});

it('a batch of passes with a card number in one pass is refused as a whole', async () => {
  const before = await issuedCount();
  const answer = await batch([pass(), pass({ metadata: { note: '4111 1111 1111 1111' } })]);
  expect(answer).toMatchObject({
    status: 422,
    body: { code: 'card_data_refused', errors: [{ pointer: '/passes/1/metadata/note' }] },
  });
  expect(await issuedCount()).toBe(before);
});

it.each<[string, unknown, string]>([
  ['no pass', [], '/passes'],
  ['too many passes', Array.from({ length: 501 }, () => ({})), '/passes'],
  ['an object as its list', { 0: {} }, '/passes'],
])('a batch of passes with %s is refused', async (_what, passes, pointer) => {
  const answer = await batch(passes);
  expect([answer.status, at(answer.body, 'errors', 0, 'pointer')]).toEqual([400, pointer]);
});

it('a batch of passes may have more than 64 KiB, but not more than 1 MiB', async () => {
  const metadata = Object.fromEntries(Array.from({ length: 10 }, (_none, index) => [`n${index}`, 'x'.repeat(500)]));
  const many = Array.from({ length: 30 }, () => pass({ metadata, holder: {} }));
  const answer = await batch(many);
  expect(answer.status).toBe(201);
  expect(results(answer)).toHaveLength(30);
  const tooMany = Array.from({ length: 230 }, () => pass({ metadata, holder: {} }));
  const refused = await batch(tooMany);
  expect([refused.status, at(refused.body, 'code')]).toEqual([413, 'payload_too_large']);
});

it('a batch of 200 passes is recorded at once and each pass is issued once', async () => {
  const before = await issuedCount();
  const passes = Array.from({ length: 200 }, () => pass());
  const answer = await batch(passes, { prefer: 'respond-async' });
  expect(answer).toMatchObject({ status: 202, headers: { 'preference-applied': 'respond-async' } });
  expect(results(answer)).toHaveLength(200);
  for (const one of results(answer)) {
    await eventually(
      20_000,
      () => world.call('GET', `/v1/transactions/${textAt(one, 'transaction', 'id')}`),
      ({ body }) => at(body, 'status') === 'succeeded',
    );
  }
  expect(await issuedCount()).toBe(before + 200);
});
