import { createServer, type Server } from 'node:http';
import { transactionEvents } from '../../support/accruals.js';
import { at, textAt, type Answer } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { metric } from '../../support/metrics.js';
import { portOf } from '../../support/sockets.js';
import { sql } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { accrual, pass, startWorld, topup, type World } from '../../support/world.js';

/* A proxy or firewall in front of a provider refuses calls too, with its own answers. They end no transaction. */

type Refusal = readonly [status: number, body: unknown];

let world: World;
let server: Server;
let tokens = 0;
/** Number of logins at LATAM Pass. */
let logins = 0;
const seen: string[] = [];
/** Answers that replace the usual ones for paths that contain `on`, for `times` requests. */
let refusals: { on: string; answer: Refusal; times: number }[] = [];
let correlationId = '';
const ALARMS = ['provider_edge', 'provider_refuses_credentials', 'token_unreadable', 'unreadable_balance'] as const;
/** Number of alarms by kind before the test. */
const raised = new Map<string, number>();

function usual(path: string, order: unknown): Refusal {
  if (/access-token|auth\/token|login/.test(path)) {
    tokens += 1;
    if (path.includes('access-token')) logins += 1;
    return [201, { success: true, access_token: `token-${tokens}`, expires_in: 3600 }];
  }
  if (path.includes('get_balance')) return [200, { success: true, balance: 100000, currency: 'USD' }];
  if (path.includes('product_purchase')) {
    const id = at(order, 'distributor_transaction_id');
    const receipt = { transaction_id: 'X', distributor_transaction_id: id, response_code: '00', balance_after: 99999 };
    return [200, { success: true, ...receipt }];
  }
  if (path.includes('/pass/')) return [200, { pass_id: at(order, 'pass_id') ?? unique('pass'), status: 'active' }];
  if (path.includes('search-member')) return [200, { member: {} }];
  if (path.includes('cobranded')) return [200, {}];
  return order === undefined ? [404, { code: 404, message: 'Accrual not found' }] : [200, { correlationId }];
}

beforeAll(async () => {
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    request.on('end', () => {
      const path = request.url ?? '';
      const order: unknown = text.startsWith('{') ? JSON.parse(text) : undefined;
      const refusal = refusals.find((one) => one.times > 0 && path.includes(one.on));
      if (refusal) refusal.times -= 1;
      if (!/access-token|auth\/token|login/.test(path) || refusal) seen.push(path);
      const [status, body] = refusal?.answer ?? usual(path, order);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
}, 60_000);

async function start(): Promise<void> {
  const url = `http://127.0.0.1:${portOf(server)}`;
  world = await startWorld({
    gateway: {
      LATAM_PASS_BASE_URL: url,
      LATAM_PASS_ENVIRONMENT: 'production',
      LOYALTY_LAYER_BASE_URL: url,
      LOYALTY_LAYER_COALESCING: 'false',
      LOYALTY_LAYER_REQUESTS_PER_MINUTE: '10000',
      LATCOM_BASE_URL: url,
      LATCOM_REQUESTS_PER_15_MINUTES: '100000',
      LATCOM_BALANCE_SECONDS: '3600',
      LATCOM_TIMEOUT_MS: '3000',
      BREAKER_FAILURES: '100000',
    },
  });
}

async function stop(): Promise<void> {
  await world.gateway().stop();
  await world.sandbox.stop();
  await world.database.drop();
}

async function reset(): Promise<void> {
  logins = 0;
  refusals = [];
  seen.length = 0;
  correlationId = unique('correlation');
  for (const kind of ALARMS) raised.set(kind, await counted(kind));
}

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const refuse = (on: string, answer: Refusal, times = 1): void => void refusals.push({ on, answer, times });
const calls = (part: string): number => seen.filter((path) => path.includes(part)).length;
const counted = (kind: string): Promise<number> => metric(world, `gateway_alarms_total{kind="${kind}"}`);
/** The number of alarms since the test began. */
const alarms = async (kind: (typeof ALARMS)[number]): Promise<number> =>
  (await counted(kind)) - (raised.get(kind) ?? 0);
const ACCRUAL = '/partner/accrual';

const ended = (answer: Answer, ...statuses: string[]): Promise<Answer> =>
  eventually(
    15_000,
    () => world.call('GET', `/v1/transactions/${textAt(answer.body, 'id')}`),
    (one) => statuses.includes(String(at(one.body, 'status'))),
  );

const EDGE: readonly Refusal[] = [
  [404, { message: 'no Route matched with those values' }],
  [413, { message: 'Request size limit exceeded' }],
  [405, { error: 'Method Not Allowed' }],
  [400, { message: 'Bad request' }],
  [403, '<html>403 Forbidden</html>'],
  [403, { code: 'AccessDenied', message: 'Duplicate request' }],
];

describe('behind systems in front of the providers,', () => {
  beforeAll(start, 60_000);
  beforeEach(reset);
  afterAll(stop);

  it('an accrual continues after each refusal by such a system, with an alarm for each', async () => {
    for (const answer of EDGE) {
      // A refusal that a new token ends raises no alarm.
      const before = await alarms('provider_edge');
      refuse(ACCRUAL, answer, 2);
      const submitted = await world.call('POST', '/v1/accruals', accrual(), { prefer: 'wait=0' });
      await ended(submitted, 'processing');
      expect(await alarms('provider_edge')).toBeGreaterThan(before);
    }
    const found = await transactionEvents(
      world,
      textAt((await world.call('GET', '/v1/transactions')).body, 'data', 0, 'id'),
    );
    expect(found).toContainEqual(
      expect.objectContaining({ to: null, detail: { reason: 'refused_by_edge', httpStatus: 403 } }),
    );
  }, 60_000);

  it('a duplicate accrual hidden by a 404 of such a system does not fail', async () => {
    refuse('partnerIdentifier', [404, { message: 'no Route matched with those values' }], 2);
    refuse(ACCRUAL, [400, { code: 400, message: 'Duplicate correlationId or other unique fields' }]);
    const submitted = await world.call('POST', '/v1/accruals', accrual(), { prefer: 'wait=0' });
    await ended(submitted, 'processing');
  }, 30_000);

  it('a correlationId that is a UUID matches in any letter case', async () => {
    correlationId = 'F050F11E-B05B-499D-AE13-154EFC091EF4';
    const notify = (id: string): Promise<Answer> =>
      world.gateway().request('POST', '/v1/providers/latam-pass/notifications', {
        auth: world.notifier,
        body: { nonAirAccrual: { status: 'PROCESSED', latamAccrualId: 'L1' }, trace: { correlationId: id } },
      });
    const submitted = await world.call('POST', '/v1/accruals', accrual(), { prefer: 'wait=0' });
    await ended(submitted, 'processing');
    expect((await notify(correlationId.toLowerCase())).status).toBe(200);
    expect((await ended(submitted, 'succeeded')).body).toMatchObject({ correlationId: correlationId.toLowerCase() });
    correlationId = 'f050f11e-b05b-499d-ae13-154efc091ef5';
    const another = await world.call('POST', '/v1/accruals', accrual(), { prefer: 'wait=0' });
    await ended(another, 'processing');
    await notify(correlationId.toUpperCase());
    await ended(another, 'succeeded');
  }, 30_000);

  it('a correlationId beyond 2^53 matches its notification, as a number and as text', async () => {
    const digits = '9007199254740993123';
    const notify = (id: string): Promise<Answer> =>
      world.gateway().request('POST', '/v1/providers/latam-pass/notifications', {
        auth: world.notifier,
        body: `{"nonAirAccrual":{"status":"PROCESSED","latamAccrualId":90071992547409931},"trace":{"correlationId":${id}}}`,
        headers: { 'content-type': 'application/json' },
      });
    refuse(ACCRUAL, [200, `{"correlationId":${digits}}`]);
    const one = await world.call('POST', '/v1/accruals', accrual(), { prefer: 'wait=0' });
    await ended(one, 'processing');
    await notify(`"${digits}"`);
    expect((await ended(one, 'succeeded')).body).toMatchObject({ providerReference: '90071992547409931' });
    refuse(ACCRUAL, [200, `{"correlationId":"${digits}4"}`]);
    const other = await world.call('POST', '/v1/accruals', accrual(), { prefer: 'wait=0' });
    await ended(other, 'processing');
    await notify(`${digits}4`);
    await ended(other, 'succeeded');
  }, 30_000);

  it('a member search and a cobranded act are not failed by such a system', async () => {
    refuse('search-member', [404, { message: 'no Route matched with those values' }]);
    const search = { ffn: '01234567890', scopes: ['member-status'] };
    expect((await world.call('POST', '/v1/members/search', search)).status).toBe(200);
    refuse('search-member', [404, { message: 'no Route matched with those values' }], 2);
    expect(await world.call('POST', '/v1/members/search', search)).toMatchObject({
      status: 502,
      body: { code: 'provider_error' },
    });
    expect(await alarms('provider_edge')).toBe(1);
    refuse('cobranded', [400, { message: 'There is no previously initiated life cycle' }]);
    const card = { reference: unique('card'), ffn: '01234567890', card: { product: 'GOLD', lastDigits: '1234' } };
    const acted = await world.call('POST', '/v1/cobranded/end', { ...card, issueBank: 'B' }, { prefer: 'wait=0' });
    await ended(acted, 'succeeded');
    expect(calls('cobranded')).toBe(2);
  }, 30_000);

  it('a refused pass is unknown, and sent once', async () => {
    for (const [status, body] of [
      [403, { error: 'forbidden' }],
      [403, { message: 'Forbidden' }],
      [404, { message: 'no Route matched with those values' }],
      [413, ''],
      [400, { error: 'Bad Request', message: 'x' }],
    ] as const) {
      const before = calls('create');
      refuse('create', [status, body]);
      const issued = await world.call('POST', '/v1/passes', pass(), { prefer: 'wait=5' });
      expect([status, at(issued.body, 'status'), calls('create') - before]).toEqual([status, 'unknown', 1]);
    }
    expect(await alarms('provider_edge')).toBe(5);
  }, 30_000);

  it('a refused purchase is unknown, and sent once', async () => {
    for (const answer of [
      [403, { message: 'Forbidden' }],
      [404, { status: 'error', code: 404, message: 'Application not found' }],
      [400, { success: false }],
      [413, '<html>Request Entity Too Large</html>'],
    ] as const) {
      const before = calls('purchase');
      refuse('purchase', answer);
      const bought = await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=5' });
      expect([answer[0], at(bought.body, 'status'), calls('purchase') - before]).toEqual([answer[0], 'unknown', 1]);
    }
  }, 30_000);
});

describe('in a gateway with fresh tokens,', () => {
  beforeEach(async () => {
    await start();
    await reset();
  }, 60_000);

  afterEach(stop);

  it('a login is repeated after a refusal in front of the provider and after an unusable token', async () => {
    refuse('login', [403, { message: 'Forbidden' }]);
    refuse('login', [200, { success: true, access_token: 'abc\u00e9', expires_in: 3600 }]);
    const bought = await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=0' });
    await ended(bought, 'succeeded');
    expect([await alarms('provider_edge'), await alarms('token_unreadable')]).toEqual([1, 1]);
    expect(await alarms('provider_refuses_credentials')).toBe(0);
    expect(calls('purchase')).toBe(1);
  }, 30_000);

  it('a change of a pass is sent again with a new token after a refusal in front of LoyaltyLayer', async () => {
    const issued = await world.call('POST', '/v1/passes', pass(), { prefer: 'wait=5' });
    const before = tokens;
    refuse('cancel', [403, { message: 'Forbidden' }]);
    const path = `/v1/passes/${textAt(issued.body, 'pass', 'id')}/cancel`;
    expect(at((await world.call('POST', path, undefined, { prefer: 'wait=5' })).body, 'status')).toBe('succeeded');
    expect([calls('cancel'), tokens - before]).toEqual([2, 1]);
  }, 30_000);

  it('a 403 in front of LATAM Pass renews the token once, and the accrual is sent again at once', async () => {
    await ended(await world.call('POST', '/v1/accruals', accrual(), { prefer: 'wait=0' }), 'processing');
    const before = { logins, sent: calls(ACCRUAL) };
    refuse(ACCRUAL, [403, { message: 'Invalid authentication credentials' }]);
    const healed = await world.call('POST', '/v1/accruals', accrual(), { prefer: 'wait=5' });
    expect(at(healed.body, 'status')).toBe('processing');
    expect({ logins: logins - before.logins, sent: calls(ACCRUAL) - before.sent }).toEqual({ logins: 1, sent: 2 });
    expect(await alarms('provider_edge')).toBe(0);
  }, 30_000);

  it('an unreadable balance raises an alarm, and the last good one counts', async () => {
    const balance = (query = ''): Promise<Answer> => world.admin('GET', `/v1/admin/providers/latcom/balance${query}`);
    expect(at((await balance('?refresh=true')).body, 'current', 'balance')).toBe('100000.00');
    refuse('get_balance', [200, { success: true, balance: '12,345.67', currency: 'USD' }]);
    expect(await balance('?refresh=true')).toMatchObject({ status: 502, body: { code: 'provider_error' } });
    refuse('purchase', [200, '{"success":true,"response_code":"00","transaction_id":"X","balance_after":"99,999.41"}']);
    refuse('get_balance', [503, '']);
    expect(at((await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=5' })).body, 'status')).toBe(
      'succeeded',
    );
    expect((await balance()).body).toMatchObject({ current: { balance: '100000.00', rate: null } });
    expect(await alarms('unreadable_balance')).toBe(2);
  }, 30_000);

  it('a misread balance is corrected by the next balance, and purchases continue', async () => {
    const balance = (query = ''): Promise<Answer> => world.admin('GET', `/v1/admin/providers/latcom/balance${query}`);
    await balance('?refresh=true');
    // A balance with a point as thousands separator.
    refuse('purchase', [200, '{"success":true,"response_code":"00","transaction_id":"X","balance_after":"99.999"}']);
    await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=5' });
    expect((await balance()).body).toMatchObject({ current: { balance: '99.999' } });
    expect(Number(at((await balance()).body, 'current', 'rate'))).toBeLessThan(1);
    refuse('get_balance', [200, { success: true, balance: 99999.41, currency: 'USD' }]);
    expect((await balance('?refresh=true')).body).toMatchObject({ current: { balance: '99999.41', rate: null } });
    const bought = await world.call('POST', '/v1/topups', topup({ amount: { value: '1000.00', currency: 'MXN' } }), {
      prefer: 'wait=5',
    });
    expect(at(bought.body, 'status')).toBe('succeeded');
  }, 30_000);

  it('a duplicate accrual may be from the refused first call, and does not fail', async () => {
    refuse(ACCRUAL, [403, { message: 'Forbidden' }]);
    refuse(ACCRUAL, [400, { code: 400, message: 'Duplicate correlationId or other unique fields' }]);
    const submitted = await world.call('POST', '/v1/accruals', accrual(), { prefer: 'wait=0' });
    await ended(submitted, 'processing');
  }, 30_000);

  it('a purchase is sent again with a new token when LATCOM reports an expired token with 403', async () => {
    refuse('purchase', [403, { success: false, error: 'Token expired' }]);
    const bought = await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=5' });
    expect([at(bought.body, 'status'), calls('purchase')]).toEqual(['succeeded', 2]);
    refuse('purchase', [403, { success: false, error: 'Token expired' }], Number.POSITIVE_INFINITY);
    const refused = await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=2' });
    expect([at(refused.body, 'status'), calls('purchase')]).toEqual(['pending', 4]);
    expect(await alarms('provider_refuses_credentials')).toBe(1);
  }, 30_000);

  it('an exchange rate distorted by others is checked by one purchase', async () => {
    const balance = (query = ''): Promise<Answer> => world.admin('GET', `/v1/admin/providers/latcom/balance${query}`);
    const buy = (): Promise<Answer> => world.call('POST', '/v1/topups', topup(), { prefer: 'wait=5' });
    const tells = (told: number): void =>
      refuse('purchase', [200, { success: true, response_code: '00', transaction_id: 'X', balance_after: told }]);
    await balance('?refresh=true');
    // Another system spends nearly the whole balance meanwhile.
    tells(100);
    await buy();
    tells(99.41);
    expect(at((await buy()).body, 'status')).toBe('succeeded');
    // Its rate differs too much from the usual one and does not count yet. The next probe is due in 30 s.
    expect((await Promise.all([buy(), buy()])).map(({ body }) => at(body, 'code'))).toEqual([
      'insufficient_float',
      'insufficient_float',
    ]);
    await sql(world, `update provider_floats set probed_at = now() - interval '31 s'`);
    tells(98.82);
    expect(at((await buy()).body, 'status')).toBe('succeeded');
    expect(Number(at((await balance()).body, 'current', 'rate'))).toBeCloseTo(10 / 0.59, 1);
    tells(98.23);
    expect(at((await buy()).body, 'status')).toBe('succeeded');
  }, 30_000);

  it('a permanent 403 in front of LATAM Pass causes no storm of logins and ends no accrual', async () => {
    refuse(ACCRUAL, [403, { message: 'Forbidden' }], Number.POSITIVE_INFINITY);
    const all = await Promise.all(
      Array.from({ length: 20 }, () => world.call('POST', '/v1/accruals', accrual(), { prefer: 'wait=0' })),
    );
    await eventually(
      15_000,
      async () => calls(ACCRUAL),
      (count) => count > 60,
    );
    expect(logins).toBeLessThanOrEqual(2);
    for (const one of all) {
      const { body } = await world.call('GET', `/v1/transactions/${textAt(one.body, 'id')}`);
      expect(at(body, 'status')).toBe('pending');
    }
    expect(await alarms('provider_edge')).toBeGreaterThanOrEqual(40);
  }, 60_000);
});
