import { asMember, MAGIC } from '../support/magic.js';
import { accrual, LatamPassClient, newId } from './sandbox-clients.js';
import { at, keys, SandboxProcess } from './sandbox-process.js';
import { Receiver } from './sandbox-receiver.js';

const FFN = '12345678912';
/** Of frequent flyer numbers that end as magic ones. */
const START = '000000';
/** The raw line feed inside a JSON string, as in the provider's sample of reason 108. */
const RAW_LINE_FEED = 'exist.\nPlease';

const receiver = new Receiver();
let sandbox: SandboxProcess;
let latamPass: LatamPassClient;

beforeAll(async () => {
  sandbox = await SandboxProcess.start(await receiver.listen());
  latamPass = await new LatamPassClient(sandbox).login();
});

afterAll(async () => {
  await SandboxProcess.endAll();
  await receiver.close();
});

async function correlationOf(ffn: string, id: string): Promise<string> {
  const accepted = await latamPass.accrue(ffn, id);
  expect(accepted.status).toBe(200);
  return String(at(accepted.body, 'correlationId'));
}

function dated(partnerOriginalDateTime: string): { partner: Record<string, string> } {
  return { partner: { ...accrual(FFN, newId()).partner, partnerOriginalDateTime } };
}

function statuses(notifications: readonly string[]): unknown[] {
  return notifications.map((text) => at(JSON.parse(text), 'nonAirAccrual', 'status'));
}

describe('the simulated LATAM Pass', () => {
  it('gives a token with 201 for 3600 s, and answers 400 to bad credentials', async () => {
    expect(await latamPass.token()).toMatchObject({ status: 201, body: { expires_in: 3600 } });
    const bad = await latamPass.token('somebody:else');
    expect(bad).toMatchObject({ status: 400, body: { result: 'failure', errors: [{ type: 'INVALID' }], status: 400 } });
  });

  it.each([
    ['an unknown member of the body', { unit: 'POINTS' }, 'unit'],
    ['points that are no number', { points: '3000' }, 'points'],
    ['points that are not positive', { points: 0 }, 'points'],
    ['a member without ffn and document', { member: {} }, 'member'],
    [
      'half a document',
      { member: { document: { documentId: '1', documentType: 'CPF' } } },
      'member.document.issueCountryCode',
    ],
    ['null for an optional member', { description: null }, 'description'],
    ['a date without milliseconds', dated('2026-01-20T14:10:36-03:00'), 'partner.partnerOriginalDateTime'],
  ])('refuses %s', async (_what, changes, where) => {
    const id = newId();
    const { status, body } = await latamPass.accrue(FFN, id, changes);
    expect([status, keys(at(body, 'details'))]).toEqual([400, [where]]);
    expect(await sandbox.effects(id)).toEqual([]);
  });

  it('requires the test header in the test environment only, and the token in its own header', async () => {
    const production = Object.fromEntries(
      Object.entries(latamPass.headers).filter(([name]) => name !== 'x-latam-test'),
    );
    const details = async (base: string, headers: Record<string, string>): Promise<unknown> => {
      const client = new LatamPassClient(sandbox, base);
      client.headers = headers;
      const { status, body } = await client.accrue(FFN, newId());
      return status === 400 ? keys(at(body, 'details')) : status;
    };
    expect(await details('/latam-pass', production)).toBe(200);
    expect(await details('/latam-pass', latamPass.headers)).toEqual(['x-latam-test']);
    expect(await details('/latam-pass/sandbox', production)).toEqual(['x-latam-test']);
    expect(await details('/latam-pass', { ...production, authorization: 'Bearer x' })).toEqual(['authorization']);
    expect(await details('/latam-pass', { ...production, access_token: 'unknown' })).toBe(401);
  });

  it('accepts and credits an accrual, notifies with Basic authentication, and reports the status', async () => {
    const id = newId();
    const correlationId = await correlationOf(FFN, id);
    const notification: unknown = JSON.parse(String(await receiver.until(correlationId, 1)));
    const latamAccrualId = at(notification, 'nonAirAccrual', 'latamAccrualId');
    expect(at(notification, 'nonAirAccrual')).toEqual({ ffn: FFN, latamAccrualId, status: 'PROCESSED' });
    expect(at(notification, 'trace', 'receivedDateTime')).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+0000$/);
    expect(receiver.authorizations.at(-1)).toBe(`Basic ${btoa('latam:pass')}`);

    for (const filter of [
      `partnerAccrualId=${id}`,
      `partnerTransactionId=order-${id}`,
      `correlationId=${correlationId}`,
    ]) {
      const list = await latamPass.find(filter);
      expect(list.body).toMatchObject({
        accruals: [{ correlationId, latamAccrualId, status: 'PROCESSED' }],
        totalItens: 1,
      });
    }
    expect((await latamPass.find('partnerAccrualId=nobody')).status).toBe(404);
    const quantity = { value: '3000', unit: 'LATAM_PASS_POINTS' };
    expect(await sandbox.effects(id)).toMatchObject([
      { outcome: 'PROCESSED', providerReference: latamAccrualId, quantity },
    ]);
  });

  it.each([101, 108, 110, 111, 112, 113, 114, 204, 205, 206])('cancels an accrual with reason %i', async (code) => {
    const correlationId = await correlationOf(`00000099${code}`, newId());
    const text = String(await receiver.until(correlationId, 1));
    expect(text.includes(RAW_LINE_FEED)).toBe(code === 108);
    const notification: unknown = JSON.parse(text.replace(RAW_LINE_FEED, ''));
    expect(at(notification, 'nonAirAccrual')).toEqual({ ffn: `00000099${code}`, status: 'CANCELLED' });
    expect(at(notification, 'error')).toMatchObject({ code, details: null });
  });

  it.each([
    [101, dated('2099-01-01T00:00:00.000Z')],
    [108, { partner: { ...accrual(FFN, newId()).partner, partnerId: 'OTHER' } }],
    [110, { partner: { ...accrual(FFN, newId()).partner, productId: '999' } }],
  ])('accepts an accrual that it then cancels with reason %i', async (reason, changes) => {
    expect((await latamPass.accrue(FFN, '', changes)).status).toBe(200);
    expect(await sandbox.effects(changes.partner.partnerAccrualId ?? '')).toMatchObject([{ detail: { reason } }]);
  });

  it('refuses a used id, even after a lost answer', async () => {
    const id = newId();
    expect((await latamPass.accrue(asMember(START, MAGIC.latamPass.registeredAnswerLostOnce), id)).status).toBe(0);
    const again = await latamPass.accrue(asMember(START, MAGIC.latamPass.registeredAnswerLostOnce), id);
    expect(again).toMatchObject({ status: 400, body: { message: 'Duplicate correlationId or other unique fields' } });
    expect(await sandbox.effects(id)).toHaveLength(1);
    const { partner } = accrual(FFN, newId());
    const reused = await latamPass.accrue(FFN, '', { partner: { ...partner, partnerTransactionId: `order-${id}` } });
    expect(reused).toMatchObject({
      status: 400,
      body: { details: { 'partner.partnerTransactionId': 'must be unique' } },
    });
  });

  it('loses the answer to registeredAnswerLostAlways at every send, and registers it once', async () => {
    const id = newId();
    for (let send = 0; send < 3; send += 1)
      expect((await latamPass.accrue(asMember(START, MAGIC.latamPass.registeredAnswerLostAlways), id)).status).toBe(0);
    expect(await sandbox.effects(id)).toHaveLength(1);
  });

  it('refuses a duplicate even when a fault was ordered', async () => {
    const id = newId();
    expect((await latamPass.accrue(FFN, id)).status).toBe(200);
    const rule = { provider: 'latam-pass', operation: 'accrual', fault: 'empty-204', times: 2 };
    await sandbox.send('POST', '/_sandbox/faults', {}, rule);
    expect((await latamPass.accrue(FFN, id)).status).toBe(400);
    expect((await latamPass.accrue(FFN, newId())).status).toBe(204);
    await sandbox.request('DELETE', '/_sandbox/faults', {});
  });

  it.each([
    ['tokenRefusedOnce', 401],
    ['edgeFirewallOnce', 403],
    ['tooManyRequestsOnce', 429],
    ['serverErrorOnce', 500],
    ['notRegisteredAnswerLostOnce', 0],
    ['notRegisteredNeverAnsweredOnce', 0],
    ['redirectedOnce', 307],
    ['notRegisteredHtmlOnce', 200],
  ] as const)(
    'answers the magic ffn "%s" once with its fault, registers nothing, and accepts the second send',
    async (name, first) => {
      const id = newId();
      const seen = await latamPass.accrue(asMember(START, MAGIC.latamPass[name]), id);
      expect([seen.status, at(seen.body, 'correlationId')]).toEqual([first, undefined]);
      expect(await sandbox.effects(id)).toEqual([]);
      expect((await latamPass.accrue(asMember(START, MAGIC.latamPass[name]), id)).status).toBe(200);
      expect(await sandbox.effects(id)).toHaveLength(1);
    },
  );

  it.each([
    ['registeredBadGatewayOnce', 502],
    ['registeredNeverAnsweredOnce', 0],
    ['registeredAnswerTruncatedOnce', 0],
    ['registeredAnswerDripsOnce', 0],
    ['registeredHtmlOnce', 200],
    ['registeredEmptyAnswerOnce', 204],
  ] as const)('registers the magic ffn "%s" despite its bad answer', async (name, first) => {
    const id = newId();
    const seen = await latamPass.accrue(asMember(START, MAGIC.latamPass[name]), id);
    expect([seen.status, seen.body]).toEqual([
      first,
      name === 'registeredBadGatewayOnce' ? expect.anything() : undefined,
    ]);
    expect(await sandbox.effects(id)).toHaveLength(1);
  });

  it.each([
    ['notifiedThreeTimes', ['PROCESSED', 'PROCESSED', 'PROCESSED']],
    ['notifiedProcessedThenCanceled', ['PROCESSED', 'CANCELLED']],
    ['notifiedCanceledThenProcessed', ['CANCELLED', 'PROCESSED']],
  ] as const)('notifies the magic ffn "%s" with %j', async (name, expected) => {
    const correlationId = await correlationOf(asMember(START, MAGIC.latamPass[name]), newId());
    expect(statuses(await receiver.until(correlationId, expected.length))).toEqual(expected);
  });

  it('can notify before its answer, never, or about an unknown correlationId', async () => {
    const early = await correlationOf(asMember(START, MAGIC.latamPass.notifiedBeforeAnswer), newId());
    expect(receiver.about(early)).toHaveLength(1);
    const silent = await correlationOf(asMember(START, MAGIC.latamPass.neverNotified), newId());
    const before = receiver.bodies.length;
    await receiver.until(await correlationOf(asMember(START, MAGIC.latamPass.notifiedOrphanFirst), newId()), 1);
    const foreign: unknown[] = [];
    for (const text of receiver.bodies.slice(before)) {
      const about = at(JSON.parse(text.replace(RAW_LINE_FEED, '')), 'trace', 'correlationId');
      if ((await latamPass.find(`correlationId=${String(about)}`)).status === 404) foreign.push(about);
    }
    expect(foreign).toHaveLength(1);
    expect(receiver.about(silent)).toEqual([]);
    expect((await latamPass.find(`correlationId=${silent}`)).body).toMatchObject({
      accruals: [{ status: 'PROCESSED' }],
    });
  });

  it('repeats a notification until the receiver answers 2xx', async () => {
    const ffn = '12345678921';
    receiver.refusing = { text: ffn, times: 2 };
    const id = newId();
    const correlationId = await correlationOf(ffn, id);
    expect(statuses(await receiver.until(correlationId, 3))).toEqual(['PROCESSED', 'PROCESSED', 'PROCESSED']);
    await receiver.until(await correlationOf(FFN, newId()), 1);
    expect(receiver.about(correlationId)).toHaveLength(3);
    expect(await sandbox.effects(id)).toMatchObject([{ detail: { delivered: 1 } }]);
  });

  it('ends only a cobranded life cycle that was begun', async () => {
    const card = { product: 'GOLD', lastDigits: newId() };
    const nothing = { status: 400, body: { message: 'There is no previously initiated life cycle' } };
    expect(await latamPass.cobranded('DELETE', { ffn: FFN, card })).toMatchObject(nothing);
    expect((await latamPass.cobranded('POST', { member: { ffn: FFN }, card })).status).toBe(200);
    expect((await latamPass.cobranded('DELETE', { ffn: FFN, card })).status).toBe(200);
    expect(await latamPass.cobranded('DELETE', { ffn: FFN, card })).toMatchObject(nothing);
  });
});
