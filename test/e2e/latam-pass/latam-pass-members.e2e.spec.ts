import { found, foundInDatabase } from '../../support/canaries.js';
import { at, textAt, type Answer } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { asMember, MAGIC } from '../../support/magic.js';
import { freePort } from '../../support/processes.js';
import { eventually } from '../../support/wait.js';
import { startWorld, type World } from '../../support/world.js';

/* Faults are chosen by the last digits of the ffn: see src/sandbox/latam-pass/README.md. */

const SEARCH_PATH = '/latam-pass/sandbox/v1/customer/loyalty/partner/member/search-member';
const COBRANDED_PATH = '/latam-pass/sandbox/v1/customer/loyalty/partner/cobranded';
const FFN = '01234567890';
const document = { documentId: '01234567890', documentType: 'CPF', issueCountryCode: 'BR' };
/** Values that may be in encrypted columns only. */
const CANARIES = {
  searchedFfn: '70000000231',
  searchedDocument: '70000000312',
  ffn: '70000000449',
  documentId: '70000000562',
  email: 'canary.three@example.com',
  cardValue: 'canary-of-a-card-9d1e',
};
/** Faults that occur once; the repeated call succeeds. */
const HEALED = [
  MAGIC.latamPass.tokenRefusedOnce,
  MAGIC.latamPass.edgeFirewallOnce,
  MAGIC.latamPass.serverErrorOnce,
  MAGIC.latamPass.registeredBadGatewayOnce,
  MAGIC.latamPass.registeredGatewayTimeoutOnce,
  MAGIC.latamPass.notRegisteredAnswerLostOnce,
  MAGIC.latamPass.registeredAnswerLostOnce,
  MAGIC.latamPass.notRegisteredNeverAnsweredOnce,
  MAGIC.latamPass.registeredNeverAnsweredOnce,
  MAGIC.latamPass.registeredAnswerTruncatedOnce,
  MAGIC.latamPass.registeredAnswerDripsOnce,
  MAGIC.latamPass.redirectedOnce,
  MAGIC.latamPass.notRegisteredHtmlOnce,
  MAGIC.latamPass.registeredHtmlOnce,
  MAGIC.latamPass.registeredEmptyAnswerOnce,
] as const;

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

function search(body: object): Promise<Answer> {
  return world.call('POST', '/v1/members/search', { scopes: ['member-status'], ...body });
}

function start(changes: object = {}): Record<string, unknown> {
  return { reference: unique('start'), member: { ffn: FFN }, card: { lastDigits: unique('card') }, ...changes };
}

/** A request that ends the benefits that `begun` started. */
function endOf(begun: Record<string, unknown>, changes: object = {}): Record<string, unknown> {
  return { reference: unique('end'), ffn: textAt(begun, 'member', 'ffn'), card: begun['card'], ...changes };
}

async function callsOf(operation: string, text: string): Promise<readonly unknown[]> {
  const calls = await world.sandbox.calls('latam-pass');
  return calls.filter((one) => one['operation'] === operation && String(one['body']).includes(text));
}

/** The effects of a card's requests, in order. */
async function turnsOf(order: Record<string, unknown>): Promise<unknown[]> {
  const effects = await world.sandbox.effects('latam-pass');
  const card = textAt(order, 'card', 'lastDigits');
  return effects.filter((one) => String(one['key']).includes(`"${card}"`)).map((one) => one['kind']);
}

/** Submits an order and polls until its transaction is final. */
async function submitted(path: string, order: Record<string, unknown>): Promise<Answer> {
  const answer = await world.call('POST', path, order, { prefer: 'respond-async' });
  expect(answer.status).toBe(202);
  return eventually(
    60_000,
    () => world.call('GET', textAt(answer.headers, 'location'), undefined, { prefer: 'wait=10' }),
    (one) => ['succeeded', 'failed', 'unknown'].includes(textAt(one.body, 'status')),
  );
}

const scopes = ['member-status'];
const manyStrings = Object.fromEntries(Array.from({ length: 21 }, (_none, index) => [`name${index}`, 'x']));

describe('a bad request for members or cobranded cards is refused and reaches no provider:', () => {
  /** Without the transactions of other tests, which go on being tried. */
  let quiet: World;

  beforeAll(async () => {
    quiet = await startWorld();
  }, 60_000);

  it.each([
    ['/v1/members/search', 'neither ffn nor document', { scopes }, ''],
    ['/v1/members/search', 'an ffn that is a number', { ffn: 1234567890, scopes }, '/ffn'],
    ['/v1/members/search', 'an ffn that is null', { ffn: null, document, scopes }, '/ffn'],
    ['/v1/members/search', 'half a document', { document: { documentId: '1' }, scopes }, '/document/documentType'],
    ['/v1/members/search', 'no scopes', { ffn: FFN }, '/scopes'],
    ['/v1/members/search', 'an empty list of scopes', { ffn: FFN, scopes: [] }, '/scopes'],
    ['/v1/members/search', 'scopes as text', { ffn: FFN, scopes: 'member-status' }, '/scopes'],
    ['/v1/members/search', 'a scope twice', { ffn: FFN, scopes: [...scopes, ...scopes] }, '/scopes'],
    ['/v1/members/search', 'an unknown scope', { ffn: FFN, scopes: ['member-password'] }, '/scopes'],
    ['/v1/members/search', 'two scopes in one', { ffn: FFN, scopes: ['member-status,member-name'] }, '/scopes'],
    ['/v1/members/search', 'an unknown member', { ffn: FFN, scopes, email: 'a@example.com' }, '/email'],
    ['/v1/cobranded', 'no member', start({ member: undefined }), '/member'],
    ['/v1/cobranded', 'a member without an ffn', start({ member: { document } }), '/member/ffn'],
    ['/v1/cobranded', 'an e-mail address that is none', start({ member: { ffn: FFN, email: 'x' } }), '/member/email'],
    ['/v1/cobranded', 'no card', start({ card: undefined }), '/card'],
    ['/v1/cobranded', 'an empty card', start({ card: {} }), '/card'],
    ['/v1/cobranded', 'a card of 21 strings', start({ card: manyStrings }), '/card'],
    ['/v1/cobranded', 'a card that is a list', start({ card: ['x'] }), '/card'],
    ['/v1/cobranded', 'a number on a card', start({ card: { lastDigits: 1234 } }), '/card'],
    ['/v1/cobranded', 'an object on a card', start({ card: { a: { b: 'c' } } }), '/card'],
    ['/v1/cobranded', 'a long value on a card', start({ card: { a: 'x'.repeat(101) } }), '/card'],
    ['/v1/cobranded', 'a long name on a card', start({ card: { ['x'.repeat(41)]: 'x' } }), '/card'],
    ['/v1/cobranded', 'a name on a card that is none', start({ card: { '12345678': 'x' } }), '/card'],
    ['/v1/cobranded', 'a bank with a line feed', start({ issueBank: 'A\r\nx-scope: all' }), '/issueBank'],
    ['/v1/cobranded', 'an empty bank', start({ issueBank: '' }), '/issueBank'],
    ['/v1/cobranded', 'a long reference', start({ reference: 'x'.repeat(51) }), '/reference'],
    ['/v1/cobranded', 'metadata, which it has not', start({ metadata: { a: 'b' } }), '/metadata'],
    ['/v1/cobranded/end', 'no ffn', endOf(start(), { ffn: undefined }), '/ffn'],
    ['/v1/cobranded/end', 'a member instead of an ffn', endOf(start(), { member: { ffn: FFN } }), '/member'],
    ['/v1/cobranded/end', 'no card', endOf(start(), { card: undefined }), '/card'],
    ['/v1/cobranded/end', 'no reference', endOf(start(), { reference: undefined }), '/reference'],
  ])('%s: %s', async (path, _what, body, pointer) => {
    const before = (await quiet.sandbox.calls('latam-pass')).length;
    const answer = await quiet.call('POST', path, body);
    expect(answer.body).toMatchObject({ status: 400, code: 'validation_failed' });
    expect(at(answer.body, 'errors')).toEqual(expect.arrayContaining([expect.objectContaining({ pointer })]));
    expect((await quiet.sandbox.calls('latam-pass')).length).toBe(before);
  });
});

describe('a search for a member', () => {
  it("returns the provider's JSON, with the requested scopes only", async () => {
    const answer = await search({ ffn: FFN, scopes: ['member-tier', 'member-status'] });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json\b/);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).toEqual({ member: { ffn: FFN, tier: 'GOLD', status: 'ACTIVE' } });
  });

  it('is sent to LATAM Pass as documented', async () => {
    const ffn = '01234567001';
    await search({ ffn, scopes: ['member-tier', 'member-status'] });
    const [call] = await callsOf('member-search', ffn);
    expect(call).toMatchObject({
      method: 'POST',
      path: SEARCH_PATH,
      body: `{"ffn":"${ffn}"}`,
      headers: {
        'x-scope': 'member-tier,member-status',
        'x-latam-test': 'LatamPass',
        'content-type': 'application/json',
        access_token: expect.any(String),
        client_id: expect.any(String),
      },
    });
    expect(at(call, 'headers', 'authorization')).toBeUndefined();
  });

  it('accepts a document, and a document with an ffn', async () => {
    const own = { ...document, documentId: '01234567345' };
    expect((await search({ document: own })).status).toBe(200);
    expect((await search({ document: own, ffn: MAGIC.latamPass.unknownMember })).status).toBe(200);
    const [call] = await callsOf('member-search', `{"document":{"documentId":"${own.documentId}"`);
    expect(at(call, 'body')).toBe(
      '{"document":{"documentId":"01234567345","documentType":"CPF","issueCountryCode":"BR"}}',
    );
  });

  it('needs no Idempotency-Key and creates no transaction', async () => {
    const auth = await world.createApp();
    const body = { ffn: FFN, scopes: ['member-status'] };
    expect((await world.gateway().request('POST', '/v1/members/search', { auth, body })).status).toBe(200);
    const list = await world.gateway().request('GET', '/v1/transactions', { auth });
    expect(list.body).toEqual({ data: [], nextCursor: null });
  });

  it('is repeated once after a doubtful answer and after a refused token', async () => {
    const answers = await Promise.all(HEALED.map((ffn) => search({ ffn: asMember('888888', ffn) })));
    expect(answers.map((answer) => answer.status)).toEqual(HEALED.map(() => 200));
    for (const ffn of HEALED) expect(await callsOf('member-search', asMember('888888', ffn))).toHaveLength(2);
  }, 60_000);

  it.each([
    ['503', MAGIC.latamPass.unavailableAlways, 'server_error'],
    ['lost', MAGIC.latamPass.registeredAnswerLostAlways, 'und_err_socket'],
  ])('whose answer is %s twice is answered 502', async (_what, magic, reason) => {
    const ffn = asMember('888888', magic);
    const answer = await search({ ffn });
    expect(answer.body).toMatchObject({ status: 502, code: 'provider_error', retryable: false });
    expect(textAt(answer.body, 'detail')).toContain(reason);
    expect(await callsOf('member-search', ffn)).toHaveLength(2);
  });

  it("that LATAM Pass refuses returns the provider's message and is not repeated", async () => {
    const answer = await search({ ffn: asMember('888888', MAGIC.latamPass.refused) });
    expect(answer.body).toMatchObject({
      status: 502,
      code: 'provider_error',
      provider: {
        name: 'latam-pass',
        code: '400',
        message: 'Invalid request content',
        instructions: 'Evaluate the request fields',
      },
    });
    expect(await callsOf('member-search', asMember('888888', MAGIC.latamPass.refused))).toHaveLength(1);
  });

  it('for an unknown member is answered 404', async () => {
    const answer = await search({ ffn: asMember('888888', MAGIC.latamPass.unknownMember) });
    expect(answer.body).toMatchObject({ status: 404, code: 'not_found', provider: { message: 'Member not found' } });
  });

  it('that is throttled says when to retry, and then succeeds', async () => {
    const answer = await search({ ffn: asMember('888888', MAGIC.latamPass.tooManyRequestsOnce) });
    expect(answer.body).toMatchObject({ status: 503, code: 'provider_unavailable', retryable: true });
    expect(answer.headers['retry-after']).toBe('1');
    await eventually(
      10_000,
      () => search({ ffn: asMember('888888', MAGIC.latamPass.tooManyRequestsOnce) }),
      (one) => one.status === 200,
    );
  });

  it('that is never answered is a 504', async () => {
    await world.sandbox.fault({ provider: 'latam-pass', operation: 'member-search', fault: 'hang', times: 2 });
    const answer = await search({ ffn: FFN });
    expect(answer.body).toMatchObject({ status: 504, code: 'provider_timeout', retryable: true });
  }, 40_000);

  it('is refused while the provider is paused', async () => {
    await world.admin('POST', '/v1/admin/providers/latam-pass/pause', { reason: 'a test' });
    const answer = await search({ ffn: '01234567002' });
    expect(answer.body).toMatchObject({ status: 503, code: 'provider_unavailable' });
    await world.admin('POST', '/v1/admin/providers/latam-pass/resume');
    expect(await callsOf('member-search', '01234567002')).toEqual([]);
  });
});

describe('benefits of a cobranded card', () => {
  it('begin and end within the wait', async () => {
    const order = start();
    const begun = await world.call('POST', '/v1/cobranded', order);
    expect(begun.status).toBe(201);
    expect(begun.headers['location']).toBe(`/v1/transactions/${textAt(begun.body, 'id')}`);
    expect(begun.body).toMatchObject({
      type: 'cobranded_start',
      provider: 'latam-pass',
      status: 'succeeded',
      reference: order['reference'],
      quantity: null,
      providerReference: null,
      failure: null,
      cobranded: { member: { ffn: '*******7890' }, card: { lastDigits: '***' }, issueBank: 'DEMO-BANK' },
    });
    const ended = await world.call('POST', '/v1/cobranded/end', endOf(order));
    expect(ended.status).toBe(201);
    expect(ended.body).toMatchObject({
      type: 'cobranded_end',
      status: 'succeeded',
      quantity: null,
      cobranded: { ffn: '*******7890', card: { lastDigits: '***' }, issueBank: 'DEMO-BANK' },
    });
    expect(await turnsOf(order)).toEqual(['cobranded-start', 'cobranded-end']);
  });

  it('are sent to LATAM Pass as documented', async () => {
    const order = start({ member: { ffn: FFN, document }, issueBank: 'ANOTHER BANK' });
    await world.call('POST', '/v1/cobranded', order);
    await world.call('POST', '/v1/cobranded/end', endOf(order, { issueBank: 'ANOTHER BANK' }));
    const card = textAt(order, 'card', 'lastDigits');
    const headers = {
      'x-issue-bank': 'ANOTHER BANK',
      'x-latam-test': 'LatamPass',
      'content-type': 'application/json',
      access_token: expect.any(String),
      client_id: expect.any(String),
    };
    const [begun] = await callsOf('cobranded-start', card);
    const member = JSON.stringify({ ffn: FFN, document });
    const startBody = `{"member":${member},"card":{"lastDigits":"${card}"}}`;
    expect(begun).toMatchObject({ method: 'POST', path: COBRANDED_PATH, headers, body: startBody });
    const [ended] = await callsOf('cobranded-end', card);
    const endBody = `{"ffn":"${FFN}","card":{"lastDigits":"${card}"}}`;
    expect(ended).toMatchObject({ method: 'DELETE', path: COBRANDED_PATH, headers, body: endBody });
    expect([at(begun, 'headers', 'authorization'), at(ended, 'headers', 'authorization')]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('begin once and end once, whatever happens to an answer', async () => {
    const orders = [...HEALED, MAGIC.latamPass.tooManyRequestsOnce].map((ffn) =>
      start({ member: { ffn: asMember('777777', ffn) } }),
    );
    const statuses = await Promise.all(
      orders.map(async (order) => [
        at((await submitted('/v1/cobranded', order)).body, 'status'),
        at((await submitted('/v1/cobranded/end', endOf(order))).body, 'status'),
      ]),
    );
    expect(statuses).toEqual(orders.map(() => ['succeeded', 'succeeded']));
    for (const order of orders) expect(await turnsOf(order)).toEqual(['cobranded-start', 'cobranded-end']);
  }, 90_000);

  it('are sent with the same bytes and the same bank at every attempt', async () => {
    const order = start({ member: { ffn: asMember('666666', MAGIC.latamPass.registeredBadGatewayOnce) } });
    await submitted('/v1/cobranded', order);
    const calls = await callsOf('cobranded-start', textAt(order, 'card', 'lastDigits'));
    expect(calls).toHaveLength(2);
    expect(at(calls[1], 'body')).toBe(at(calls[0], 'body'));
    expect(at(calls[1], 'headers', 'x-issue-bank')).toBe('DEMO-BANK');
  });

  it.each([
    ['503', MAGIC.latamPass.unavailableAlways, []],
    ['lost', MAGIC.latamPass.registeredAnswerLostAlways, ['cobranded-start']],
  ])('stay pending while every answer is %s', async (_what, ffn, turns) => {
    const order = start({ member: { ffn: asMember('666666', ffn) } });
    const answer = await world.call('POST', '/v1/cobranded', order, { prefer: 'wait=2' });
    expect([answer.status, at(answer.body, 'status')]).toEqual([202, 'pending']);
    expect(await turnsOf(order)).toEqual(turns);
  });

  it.each([
    ['400', MAGIC.latamPass.refused, 'refused_by_provider', 'request', 'Invalid request content'],
    ['404', MAGIC.latamPass.unknownMember, 'member_not_found', 'member', 'Member not found'],
  ])('refused with %s fail with the reason', async (code, ffn, ours, category, message) => {
    const order = start({ member: { ffn: asMember('666666', ffn) } });
    const answer = await world.call('POST', '/v1/cobranded', order);
    expect([answer.status, at(answer.body, 'status')]).toEqual([201, 'failed']);
    expect(at(answer.body, 'failure')).toMatchObject({
      code: ours,
      category,
      provider: { code, message: expect.stringContaining(message) },
    });
    expect(at(answer.body, 'nextStep')).toEqual(expect.stringMatching(/\w+/));
    expect(await callsOf('cobranded-start', textAt(order, 'card', 'lastDigits'))).toHaveLength(1);
  });

  it('that never began cannot end, nor can those of another bank or member', async () => {
    const order = start();
    await world.call('POST', '/v1/cobranded', order);
    for (const changes of [{ card: { lastDigits: 'x' } }, { issueBank: 'ANOTHER' }, { ffn: '01234567891' }]) {
      const answer = await world.call('POST', '/v1/cobranded/end', endOf(order, changes));
      expect([answer.status, at(answer.body, 'failure', 'code')]).toEqual([201, 'cobranded_not_started']);
    }
    expect(await turnsOf(order)).toEqual(['cobranded-start']);
  });

  it('begin once per idempotency key, and each reference is used once per act', async () => {
    const order = start();
    const headers = { 'idempotency-key': unique('key') };
    const first = await world.call('POST', '/v1/cobranded', order, headers);
    const again = await world.call('POST', '/v1/cobranded', order, headers);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(at(again.body, 'id')).toBe(at(first.body, 'id'));
    expect(await callsOf('cobranded-start', textAt(order, 'card', 'lastDigits'))).toHaveLength(1);
    expect((await world.call('POST', '/v1/cobranded/end', endOf(order), headers)).body).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    });
    expect((await world.call('POST', '/v1/cobranded', order)).body).toMatchObject({
      status: 409,
      code: 'reference_conflict',
      transactionId: at(first.body, 'id'),
    });
    const ended = await world.call('POST', '/v1/cobranded/end', endOf(order, { reference: order['reference'] }));
    expect(at(ended.body, 'status')).toBe('succeeded');
  });

  it('belong to the app, and show personal data only to callers who may see it and ask', async () => {
    const order = start();
    const begun = await world.call('POST', '/v1/cobranded', order);
    const path = `/v1/transactions/${textAt(begun.body, 'id')}`;
    const auth = await world.createApp();
    expect((await world.gateway().request('GET', path, { auth })).status).toBe(404);
    expect((await world.gateway().request('GET', `${path}/events`, { auth })).status).toBe(404);
    const clear = await world.call('GET', `${path}?expand=personal`);
    expect(at(clear.body, 'cobranded')).toEqual({
      member: { ffn: FFN },
      card: order['card'],
      issueBank: 'DEMO-BANK',
    });
  });
});

describe('access to members and cobranded cards', () => {
  it.each([
    ['/v1/members/search', { ffn: FFN, scopes: ['member-status'] }, ['cobranded', 'accruals']],
    ['/v1/cobranded', start(), ['members', 'accruals']],
    ['/v1/cobranded/end', endOf(start()), ['members', 'accruals']],
  ])('an app without the scope of %s is answered 403', async (path, body, scopes) => {
    const auth = await world.createApp({ scopes });
    const headers = { 'idempotency-key': unique('scope') };
    const answer = await world.gateway().request('POST', path, { auth, body, headers });
    expect(answer.body).toMatchObject({ status: 403, code: 'forbidden' });
  });

  it.each(['/v1/cobranded', '/v1/cobranded/end'])('POST %s needs an Idempotency-Key', async (path) => {
    const body = path.endsWith('end') ? endOf(start()) : start();
    const answer = await world.gateway().request('POST', path, { auth: world.partner, body });
    expect(answer.body).toMatchObject({ status: 400, code: 'idempotency_key_missing' });
  });
});

describe('personal data of members', () => {
  it('is neither in the log nor in a clear column, nor in responses unless asked for', async () => {
    const member = {
      ffn: CANARIES.ffn,
      email: CANARIES.email,
      document: { ...document, documentId: CANARIES.documentId },
    };
    const card = { token: CANARIES.cardValue };
    for (const fault of ['status-500', 'drop-after', 'html-403', '401', 'status-502', 'truncated']) {
      for (const operation of ['member-search', 'cobranded-start', 'cobranded-end']) {
        await world.sandbox.fault({ provider: 'latam-pass', operation, fault, times: 1 });
      }
      await search({ ffn: CANARIES.searchedFfn });
      await search({ document: { ...document, documentId: CANARIES.searchedDocument } });
      const begun = await world.call('POST', '/v1/cobranded', start({ member, card }));
      const end = endOf(start({ member, card }));
      const ended = await world.call('POST', '/v1/cobranded/end', end);
      expect(found(JSON.stringify([begun.body, ended.body]), CANARIES)).toEqual([]);
      expect([at(begun.body, 'status'), at(ended.body, 'status')]).toEqual(['succeeded', 'succeeded']);
    }
    const refused = await world.call('POST', '/v1/cobranded', start({ member, card, surprise: CANARIES.email }));
    expect(found(JSON.stringify(refused.body), CANARIES)).toEqual([]);
    const log = world.gateway().output();
    expect(log.match(/"route":"\/v1\/(?:members\/search|cobranded(?:\/end)?)"/g)?.length).toBeGreaterThan(20);
    expect(found(log, CANARIES)).toEqual([]);
    expect(await foundInDatabase(world.database.url, CANARIES)).toEqual([]);
  }, 60_000);
});

describe('a gateway without a bank', () => {
  it('requires one in the request for cobranded benefits', async () => {
    const other = await startWorld({ gateway: { LATAM_PASS_ISSUE_BANK: '' } });
    const headers = { 'idempotency-key': unique('bank') };
    const order = start();
    const answer = await other.call('POST', '/v1/cobranded', order, headers);
    expect(answer.body).toMatchObject({ status: 400, code: 'validation_failed', errors: [{ pointer: '/issueBank' }] });
    const named = await other.call('POST', '/v1/cobranded', { ...order, issueBank: 'MINE' }, headers);
    expect(named.body).toMatchObject({ status: 'succeeded', cobranded: { issueBank: 'MINE' } });
  }, 60_000);
});

it('a member search is answered 503 while LATAM Pass cannot be reached', async () => {
  const nowhere = `http://127.0.0.1:${await freePort()}`;
  const other = await startWorld({ gateway: { LATAM_PASS_BASE_URL: nowhere } });
  const answer = await other.call('POST', '/v1/members/search', { scopes: ['member-status'], ffn: FFN });
  expect(answer.body).toMatchObject({ status: 503, code: 'provider_unavailable', retryable: true });
  expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
}, 60_000);
