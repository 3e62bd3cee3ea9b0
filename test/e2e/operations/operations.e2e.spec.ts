import { setTimeout as sleep } from 'node:timers/promises';
import { at, textAt, type Answer } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { MAGIC } from '../../support/magic.js';
import { eventually } from '../../support/wait.js';
import { accrual, pass, startWorld, topup, type World } from '../../support/world.js';

const WAIT = { prefer: 'wait=15' };

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

function status(answer: Answer): string {
  return `${answer.status} ${String(at(answer.body, 'status'))}`;
}

async function effectsOf(key: string): Promise<number> {
  const effects = await world.sandbox.effects();
  return effects.filter((effect) => String(effect['key']).includes(key)).length;
}

async function unknownTopup(): Promise<Answer> {
  const answer = await world.call('POST', '/v1/topups', topup({ phoneNumber: MAGIC.latcom.executedAnswerLost }), WAIT);
  expect(status(answer)).toBe('202 unknown');
  return answer;
}

describe('an accrual', () => {
  it('is accepted at once and succeeds by notification', async () => {
    const answer = await world.call('POST', '/v1/accruals', accrual());
    expect(status(answer)).toBe('202 pending');
    expect(answer.headers['location']).toBe(`/v1/accruals/${textAt(answer.body, 'id')}`);
    const ended = await eventually(
      10_000,
      () => world.call('GET', textAt(answer.headers, 'location'), undefined, { prefer: 'wait=5' }),
      (one) => at(one.body, 'status') === 'succeeded',
    );
    expect(ended.body).toMatchObject({
      type: 'accrual',
      provider: 'latam-pass',
      quantity: { value: '3000', unit: 'LATAM_PASS_POINTS' },
      correlationId: expect.any(String),
      providerReference: expect.any(String),
      accrual: { member: { ffn: '*******7890' }, productId: '001', releaseAt: null },
      completedAt: expect.any(String),
      nextStep: null,
      failure: null,
    });
    const bare = bareId(textAt(answer.body, 'id'));
    expect(await effectsOf(bare)).toBe(1);
  });

  it('is answered 201 when it ends within the wait', async () => {
    const answer = await world.call('POST', '/v1/accruals', accrual(), WAIT);
    expect(status(answer)).toBe('201 succeeded');
    expect(answer.headers['preference-applied']).toBe('wait=15');
  });

  it.each([
    [101, 'activity_date_in_future', 'request'],
    [108, 'partner_not_registered', 'configuration'],
    [110, 'product_invalid_or_expired', 'configuration'],
    [111, 'program_not_in_country', 'configuration'],
    [112, 'email_of_another_member', 'member'],
    [113, 'member_id_invalid_for_country', 'request'],
    [114, 'member_status_invalid', 'member'],
    [204, 'member_already_exists', 'member'],
    [205, 'member_id_invalid_for_country', 'request'],
    [206, 'member_already_exists', 'member'],
  ] as const)(
    'that is CANCELLED with reason %s fails with the documented code and category',
    async (reason, code, category) => {
      const member = { ffn: MAGIC.latamPass.canceledWithReason[reason] };
      const answer = await world.call('POST', '/v1/accruals', accrual({ member }), WAIT);
      expect(status(answer)).toBe('201 failed');
      expect(at(answer.body, 'failure')).toMatchObject({ code, category, provider: { code: String(reason) } });
      expect(at(answer.body, 'nextStep')).toEqual(expect.stringMatching(/\w+/));
    },
  );

  it('is sent to LATAM Pass as documented', async () => {
    const reference = unique('wire');
    await world.call('POST', '/v1/accruals', accrual({ reference }), WAIT);
    const calls = await world.sandbox.calls('latam-pass');
    const call = calls.find((one) => one['operation'] === 'accrual' && JSON.stringify(one['body']).includes(reference));
    expect(call).toMatchObject({
      method: 'POST',
      path: '/latam-pass/sandbox/v2/customer/loyalty/partner/accrual',
      headers: { 'x-latam-test': 'LatamPass', access_token: expect.any(String), client_id: expect.any(String) },
    });
    expect(at(call, 'headers', 'authorization')).toBeUndefined();
    const login = calls.find((one) => one['operation'] === 'token');
    expect(login).toMatchObject({
      path: '/latam-pass/sandbox/oauth/access-token',
      headers: { authorization: expect.stringMatching(/^Basic /), client_id: expect.any(String) },
    });
  });

  it('keeps the answer of LATAM Pass for operators who request it', async () => {
    const refused = accrual({ member: { ffn: MAGIC.latamPass.refused } });
    const answer = await world.call('POST', '/v1/accruals', refused, WAIT);
    expect(status(answer)).toBe('201 failed');
    const path = `/v1/admin/transactions/${textAt(answer.body, 'id')}`;
    expect(at((await world.admin('GET', path)).body, 'providerReply')).toBeUndefined();
    const shown = await world.admin('GET', `${path}?expand=personal`);
    expect(JSON.parse(textAt(shown.body, 'providerReply'))).toMatchObject({
      code: 400,
      instructions: expect.any(String),
    });
    const own = await world.call('GET', `/v1/accruals/${textAt(answer.body, 'id')}?expand=personal`);
    expect(at(own.body, 'providerReply')).toBeUndefined();
  });

  it('is held until its release', async () => {
    const releaseAt = new Date(Date.now() + 1_500).toISOString();
    const answer = await world.call('POST', '/v1/accruals', accrual({ releaseAt }));
    expect(answer.body).toMatchObject({ status: 'scheduled', cancelableUntil: releaseAt, accrual: { releaseAt } });
    const path = textAt(answer.headers, 'location');
    const ended = await eventually(
      10_000,
      () => world.call('GET', path),
      (one) => at(one.body, 'status') === 'succeeded',
    );
    expect(Date.parse(textAt(ended.body, 'completedAt'))).toBeGreaterThan(Date.parse(releaseAt));
  });
});

describe('a pass', () => {
  it('is issued, and its owner gets the QR data', async () => {
    const answer = await world.call('POST', '/v1/passes', pass());
    expect(status(answer)).toBe('201 succeeded');
    expect(answer.headers['location']).toBe(`/v1/transactions/${textAt(answer.body, 'id')}`);
    expect(answer.body).toMatchObject({
      type: 'pass_create',
      quantity: { value: '1', unit: 'PASS:LOUNGE-BASIC' },
      pass: {
        id: expect.stringMatching(/^pass_/),
        status: 'active',
        planId: 'LOUNGE-BASIC',
        holder: { firstName: 'A***' },
      },
    });
    const passId = textAt(answer.body, 'pass', 'id');
    const read = await world.call('GET', `/v1/passes/${passId}`);
    expect(read.body).toMatchObject({ id: passId, status: 'active', planId: 'LOUNGE-BASIC' });
    const list = await world.call('GET', '/v1/passes');
    expect(at(list.body, 'data')).toEqual(expect.arrayContaining([expect.objectContaining({ id: passId })]));
    const masked = await world.admin('GET', `/v1/admin/transactions/${textAt(answer.body, 'id')}`);
    expect(at(masked.body, 'pass', 'id')).toBe(passId);
    expect(at(masked.body, 'pass', 'qrData')).toBeUndefined();
  });

  it('that LoyaltyLayer refuses fails, and the pass does not exist', async () => {
    const answer = await world.call('POST', '/v1/passes', pass({ planId: 'PP-LOUNGE', enrolToken: 'invalid-token' }));
    expect(status(answer)).toBe('201 failed');
    expect(at(answer.body, 'failure', 'code')).toBe('invalid_enrol_token');
    expect((await world.call('GET', `/v1/passes/${textAt(answer.body, 'pass', 'id')}`)).status).toBe(404);
  });

  it.each([
    MAGIC.loyaltyLayer.gatewayTimeout,
    MAGIC.loyaltyLayer.executedBadGateway,
    MAGIC.loyaltyLayer.executedAnswerLost,
    MAGIC.loyaltyLayer.html,
    MAGIC.loyaltyLayer.executedWithoutPassId,
  ])('with a lost or unclear answer is unknown and not sent again: %s', async (planId) => {
    const order = pass({ planId });
    const answer = await world.call('POST', '/v1/passes', order, WAIT);
    expect(status(answer)).toBe('202 unknown');
    expect(at(answer.body, 'pass', 'status')).toBe('unknown');
    const calls = await world.sandbox.calls('loyalty-layer');
    const email = textAt(order, 'holder', 'email');
    expect(calls.filter((call) => JSON.stringify(call['body']).includes(email))).toHaveLength(1);
  });

  it.each([MAGIC.loyaltyLayer.tokenRefusedOnce, MAGIC.loyaltyLayer.tooManyRequestsOnce])(
    'that was certainly not executed is sent again: %s',
    async (planId) => {
      const answer = await world.call('POST', '/v1/passes', pass({ planId }), WAIT);
      expect(status(answer)).toBe('201 succeeded');
      expect(await effectsOf(planId)).toBe(1);
    },
  );
});

describe('a top-up', () => {
  it('is bought once and returns its receipt', async () => {
    const answer = await world.call('POST', '/v1/topups', topup());
    expect(status(answer)).toBe('201 succeeded');
    const id = textAt(answer.body, 'id');
    expect(answer.body).toMatchObject({
      quantity: { value: '10.00', unit: 'MXN' },
      providerReference: expect.any(String),
      topup: {
        phoneNumber: '******6660',
        productId: 'MOVISTAR_TAE',
        operator: 'MOVISTAR',
        distributorTransactionId: bareId(id),
        authCode: expect.any(String),
        rrn: expect.any(String),
      },
    });
    expect(await effectsOf(bareId(id))).toBe(1);
    const clear = await world.call('GET', `/v1/topups/${id}?expand=personal`);
    expect(at(clear.body, 'topup', 'phoneNumber')).toBe('5537686660');
  });

  it.each([
    [MAGIC.latcom.declinedNotAuthorized, 'not_authorized', 'configuration'],
    [MAGIC.latcom.declinedInvalidAmount, 'invalid_amount', 'request'],
    [MAGIC.latcom.declinedInsufficientFunds, 'insufficient_funds', 'funds'],
    [MAGIC.latcom.declinedInvalidPhoneWith200, 'invalid_phone_number', 'request'],
  ])('that is declined fails: %s', async (phoneNumber, code, category) => {
    const answer = await world.call('POST', '/v1/topups', topup({ phoneNumber }));
    expect(status(answer)).toBe('201 failed');
    expect(at(answer.body, 'failure')).toMatchObject({ code, category });
  });

  it.each([
    MAGIC.latcom.issuerUnavailable,
    MAGIC.latcom.systemError,
    MAGIC.latcom.undocumentedCode,
    MAGIC.latcom.executedApprovedWithCode05,
    MAGIC.latcom.executedUnderAnotherId,
    MAGIC.latcom.serverError,
    MAGIC.latcom.executedAnswerLost,
    MAGIC.latcom.notExecutedAnswerLost,
    MAGIC.latcom.executedAnswerTruncated,
    MAGIC.latcom.executedHtml,
  ])('with a lost or unclear answer is unknown and never sent again: %s', async (phoneNumber) => {
    const answer = await world.call('POST', '/v1/topups', topup({ phoneNumber }), WAIT);
    expect(status(answer)).toBe('202 unknown');
    const calls = await world.sandbox.calls('latcom');
    const id = bareId(textAt(answer.body, 'id'));
    expect(calls.filter((call) => JSON.stringify(call['body']).includes(id))).toHaveLength(1);
  });

  it.each([MAGIC.latcom.tokenRefusedOnce, MAGIC.latcom.tooManyRequestsOnce])(
    'that was certainly not executed is sent again: %s',
    async (phoneNumber) => {
      const answer = await world.call('POST', '/v1/topups', topup({ phoneNumber }), WAIT);
      expect(status(answer)).toBe('201 succeeded');
      expect(await effectsOf(bareId(textAt(answer.body, 'id')))).toBe(1);
    },
  );

  it('is answered 202 when the wait ends first, and settled by the late answer', async () => {
    const answer = await world.call(
      'POST',
      '/v1/topups',
      topup({ phoneNumber: MAGIC.latcom.executedAnsweredAfter8Seconds }),
      { prefer: 'wait=1' },
    );
    expect(status(answer)).toBe('202 pending');
    const path = textAt(answer.headers, 'location');
    await eventually(
      15_000,
      () => world.call('GET', path),
      (one) => at(one.body, 'status') === 'succeeded',
    );
  });

  it('with the phone, product and amount of another needs allowDuplicate', async () => {
    const order = { phoneNumber: '5537681234', allowDuplicate: false };
    const first = await world.call('POST', '/v1/topups', topup(order));
    const second = await world.call('POST', '/v1/topups', topup(order));
    expect(second.status).toBe(409);
    expect(second.body).toMatchObject({ code: 'possible_duplicate', transactionId: textAt(first.body, 'id') });
    const wanted = await world.call('POST', '/v1/topups', topup({ ...order, allowDuplicate: true }));
    expect(wanted.status).toBe(201);
  });

  it('that is unknown is settled by an operator, once', async () => {
    const answer = await unknownTopup();
    const path = `/v1/admin/transactions/${textAt(answer.body, 'id')}`;
    const resolution = { outcome: 'succeeded', evidence: 'statement, line 7', reason: 'listed as SUCCESS' };
    const resolved = await world.admin('POST', `${path}/resolve`, resolution);
    expect(status(resolved)).toBe('200 succeeded');
    expect((await world.admin('POST', `${path}/resolve`, resolution)).body).toMatchObject({ code: 'invalid_state' });
    const events = await world.admin('GET', `${path}/events`);
    expect(at(events.body, 'data')).toMatchObject([
      { from: null, to: 'pending', evidence: 'request' },
      { from: 'pending', to: 'unknown' },
      { from: 'unknown', to: 'succeeded', actor: 'operator:admin', evidence: 'operator' },
    ]);
  });

  it('is for one of the listed products', async () => {
    const answer = await world.call('GET', '/v1/topups/products');
    expect(at(answer.body, 'data')).toHaveLength(11);
    expect(at(answer.body, 'data', 4)).toMatchObject({
      productId: 'MOVISTAR_PAQUETE_19',
      minAmount: { value: '90.00', currency: 'MXN' },
      fixedPrice: true,
    });
  });
});

describe('an idempotency key', () => {
  it('makes one transaction of forty parallel requests', async () => {
    const order = topup();
    const headers = { 'idempotency-key': unique('forty'), ...WAIT };
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => world.call('POST', '/v1/topups', order, headers)),
    );
    expect(new Set(answers.map((answer) => textAt(answer.body, 'id'))).size).toBe(1);
    expect(new Set(answers.map(status))).toEqual(new Set(['201 succeeded']));
    expect(answers.filter((answer) => answer.headers['idempotency-replayed'] === 'true')).toHaveLength(39);
    expect(await effectsOf(bareId(textAt(answers[0]?.body, 'id')))).toBe(1);
  });

  it('is refused for another request, and a used reference is refused under another key', async () => {
    const order = topup();
    const headers = { 'idempotency-key': unique('reused') };
    const first = await world.call('POST', '/v1/topups', order, headers);
    const other = await world.call('POST', '/v1/topups', { ...order, phoneNumber: '5537686661' }, headers);
    expect(other.body).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    const conflict = await world.call('POST', '/v1/topups', order);
    expect(conflict.body).toMatchObject({
      status: 409,
      code: 'reference_conflict',
      transactionId: textAt(first.body, 'id'),
    });
  });

  it('returns the recorded transaction even when the request would be invalid by now', async () => {
    const soon = new Date(Date.now() + 1_200).toISOString();
    const orders = [
      ['/v1/topups', topup({ expiresAt: soon })],
      ['/v1/accruals', accrual({ releaseAt: soon })],
    ] as const;
    const repeat = (): Promise<Answer[]> =>
      Promise.all(
        orders.map(([path, body], index) =>
          world.call('POST', path, body, { 'idempotency-key': `late-${soon}-${index}` }),
        ),
      );
    const first = await repeat();
    await sleep(1_500);
    for (const [index, answer] of (await repeat()).entries()) {
      expect(answer.headers['idempotency-replayed']).toBe('true');
      expect(textAt(answer.body, 'id')).toBe(textAt(first[index]?.body, 'id'));
    }
  });

  it('is not used up by an invalid request', async () => {
    const headers = { 'idempotency-key': unique('kept') };
    expect((await world.call('POST', '/v1/topups', topup({ productId: 'NONE' }), headers)).status).toBe(400);
    expect((await world.call('POST', '/v1/topups', topup(), headers)).status).toBe(201);
  });

  it('is no substitute for a new accrual reference: one used by another app is refused without its id', async () => {
    const order = accrual();
    await world.call('POST', '/v1/accruals', order);
    const auth = await world.createApp();
    const answer = await world.gateway().request('POST', '/v1/accruals', {
      auth,
      body: order,
      headers: { 'idempotency-key': unique('key') },
    });
    expect(answer.body).toMatchObject({ status: 409, code: 'reference_conflict' });
    expect(at(answer.body, 'transactionId')).toBeUndefined();
  });
});

describe("an app's transactions", () => {
  it('are not found by another app', async () => {
    const answer = await world.call('POST', '/v1/topups', topup());
    const id = textAt(answer.body, 'id');
    const auth = await world.createApp();
    for (const path of [`/v1/topups/${id}`, `/v1/transactions/${id}`, `/v1/transactions/${id}/events`]) {
      expect((await world.gateway().request('GET', path, { auth })).status).toBe(404);
    }
    expect((await world.gateway().request('GET', '/v1/transactions', { auth })).body).toEqual({
      data: [],
      nextCursor: null,
    });
    expect((await world.call('GET', `/v1/accruals/${id}`)).status).toBe(404);
  });

  it('are paged by keyset, newest first, and filtered', async () => {
    const releaseAt = new Date(Date.now() + 3_600_000).toISOString();
    const held = (): Promise<Answer> => world.call('POST', '/v1/accruals', accrual({ releaseAt }));
    await Promise.all(Array.from({ length: 21 }, held));
    await unknownTopup();
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = await world.call('GET', `/v1/transactions?limit=7${more}`);
      const data = at(page.body, 'data');
      if (!Array.isArray(data)) throw new Error('no page');
      seen.push(...data.map((one) => textAt(one, 'id')));
      const next = at(page.body, 'nextCursor');
      cursor = typeof next === 'string' ? next : null;
    }
    expect(seen.length).toBeGreaterThan(20);
    expect(seen).toEqual([...new Set(seen)].sort().reverse());
    const unknown = await world.call('GET', '/v1/transactions?type=topup&status=unknown&limit=100');
    expect(at(unknown.body, 'data', 0)).toMatchObject({ type: 'topup', status: 'unknown' });
    const future = await world.call('GET', '/v1/transactions?createdFrom=2999-01-01T00:00:00Z');
    expect(future.body).toEqual({ data: [], nextCursor: null });
  });
});

describe('an operator', () => {
  it('pauses a provider, and top-ups wait until it resumes', async () => {
    expect((await world.admin('POST', '/v1/admin/providers/latcom/pause', { reason: 'a test' })).status).toBe(200);
    const answer = await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=1' });
    expect(status(answer)).toBe('202 pending');
    expect((await world.admin('POST', '/v1/admin/providers/latcom/resume')).body).toMatchObject({ paused: null });
    const path = textAt(answer.headers, 'location');
    await eventually(
      10_000,
      () => world.call('GET', path),
      (one) => at(one.body, 'status') === 'succeeded',
    );
  });

  it('sees the health of the providers', async () => {
    await world.call('POST', '/v1/accruals', accrual(), WAIT);
    await unknownTopup();
    const answer = await world.admin('GET', '/v1/admin/providers');
    expect(at(answer.body, 'data')).toMatchObject([
      { name: 'latam-pass', breaker: 'closed', tokenAgeSeconds: expect.any(Number) },
      { name: 'loyalty-layer', quota: { limit: 100, left: expect.any(Number) } },
      { name: 'latcom', queue: { unknown: expect.any(Number) } },
    ]);
  });
});

it('the pesos posted in the ledger sum to zero', async () => {
  await world.call('POST', '/v1/topups', topup(), WAIT);
  const answer = await world.admin('GET', '/v1/admin/ledger/balances');
  const rows = at(answer.body, 'data');
  if (!Array.isArray(rows)) throw new Error('no balances');
  const pesos = rows.filter((row) => at(row, 'unit') === 'MXN');
  const sum = pesos.reduce((total: number, row) => total + Number(textAt(row, 'posted').replace('.', '')), 0);
  expect(pesos.length).toBeGreaterThanOrEqual(2);
  expect(sum).toBe(0);
});
