import { found, foundInDatabase } from '../../support/canaries.js';
import { ADMIN } from '../../support/gateway.js';
import { at, textAt } from '../../support/http.js';
import { eventually } from '../../support/wait.js';
import { accrual, pass, startWorld, topup, type World } from '../../support/world.js';

/** Values that may be in encrypted columns only. Each is used once, so that a found value shows its origin. */
const CANARIES = {
  ffn: '70000000031',
  documentId: '70000000112',
  email: 'canary.one@example.com',
  firstName: 'Kanarienvogel',
  lastName: 'Zwitscherling',
  holderEmail: 'canary.two@example.com',
  holderPhone: '+5511970000199',
  enrolToken: 'canary-enrol-token-7f3a',
  phoneNumber: '5537687141',
};

let world: World;
let qrData: string;
const bodies: string[] = [];

async function call(path: string, body: object): Promise<unknown> {
  const answer = await world.call('POST', path, body, { prefer: 'wait=8' });
  bodies.push(JSON.stringify(answer.body));
  return answer.body;
}

beforeAll(async () => {
  world = await startWorld({ gateway: { LATCOM_TIMEOUT_MS: '2000' } });
  const member = {
    ffn: CANARIES.ffn,
    document: { documentId: CANARIES.documentId, documentType: 'CPF', issueCountryCode: 'BR' },
    email: CANARIES.email,
  };
  const holder = {
    firstName: CANARIES.firstName,
    lastName: CANARIES.lastName,
    email: CANARIES.holderEmail,
    phone: CANARIES.holderPhone,
  };
  const order = { phoneNumber: CANARIES.phoneNumber };
  const fault = (provider: string, operation: string, kind: string): Promise<void> =>
    world.sandbox.fault({ provider, operation, fault: kind, times: 1 });

  for (const kind of ['status-500', 'drop-after', 'html-403', 'truncated', '401', '429']) {
    await fault('latam-pass', 'accrual', kind);
    await call('/v1/accruals', accrual({ member }));
  }
  for (const kind of ['status-502', 'drop-after', 'html', 'redirect']) {
    await fault('loyalty-layer', 'pass-create', kind);
    await call('/v1/passes', pass({ planId: 'PP-LOUNGE', enrolToken: CANARIES.enrolToken, holder }));
  }
  for (const kind of ['status-500', 'drop-before', 'html-after', 'garbage', 'hang', 'empty-204']) {
    await fault('latcom', 'purchase', kind);
    await call('/v1/topups', topup(order));
  }
  const issued = await call('/v1/passes', pass({ planId: 'PP-LOUNGE', enrolToken: CANARIES.enrolToken, holder }));
  qrData = textAt(issued, 'pass', 'qrData');
  // Refused requests produce the most text.
  await call('/v1/accruals', accrual({ member, points: '1', surprise: CANARIES.email }));
  await call('/v1/passes', pass({ planId: 'A B', enrolToken: CANARIES.enrolToken, holder }));
  await call('/v1/topups', topup({ ...order, amount: { value: '1.50', currency: 'MXN' } }));
  await world.gateway().request('POST', '/v1/providers/latam-pass/notifications', {
    auth: world.notifier,
    body: `{"nonAirAccrual":{"ffn":"${CANARIES.ffn}"`,
  });
  await eventually(
    20_000,
    () => world.call('GET', '/v1/transactions?status=succeeded&type=accrual'),
    (answer) => JSON.stringify(answer.body).includes('txn_'),
  );
}, 120_000);

const secrets = (): Record<string, string> => ({
  ...CANARIES,
  qrData,
  partnerSecret: world.partner.password,
  operatorPassword: ADMIN.password,
  notifierPassword: world.notifier.password,
  latamPassSecret: String(world.env['LATAM_PASS_CLIENT_SECRET']),
  loyaltyLayerSecret: String(world.env['LOYALTY_LAYER_CLIENT_SECRET']),
  latcomSecret: String(world.env['LATCOM_SECRET_KEY']),
});

it('the log has a line for every request and no personal data or secret', async () => {
  // The log is written after the answers.
  const log = await eventually(
    10_000,
    () => Promise.resolve(world.gateway().output()),
    (text) => (text.match(/"route":"\/v1\/(accruals|passes|topups)"/g)?.length ?? 0) >= 20,
  );
  expect(found(log, secrets())).toEqual([]);
});

it('the metrics have no personal data or secret', async () => {
  const metrics = await world.gateway().request('GET', '/metrics');
  expect(String(metrics.body)).toContain('gateway_provider_calls_total{provider="latcom"');
  expect(found(String(metrics.body), secrets())).toEqual([]);
});

it('responses have personal data masked, and responses to refused requests have none', () => {
  // The owning app may see its QR data.
  expect(found(bodies.join('\n').replaceAll(qrData, ''), secrets())).toEqual([]);
});

it('no column of any table has personal data or secrets in clear', async () => {
  expect(await foundInDatabase(world.database.url, secrets())).toEqual([]);
});

it('the owner of personal data gets it on request', async () => {
  const list = await world.call('GET', '/v1/transactions?type=topup&limit=1');
  const id = textAt(list.body, 'data', 0, 'id');
  const answer = await world.call('GET', `/v1/transactions/${id}?expand=personal`);
  expect(at(answer.body, 'topup', 'phoneNumber')).toBe(CANARIES.phoneNumber);
});
