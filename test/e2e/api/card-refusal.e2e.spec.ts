import { randomUUID } from 'node:crypto';
import { at, type Answer } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { alarms } from '../../support/metrics.js';
import { tablesWith } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { accrual, pass, startWorld, topup, type World } from '../../support/world.js';

const CARD = '5105 1051 0510 5100';
const DIGITS = '5105105105105100';
/** A card number that is sent only in headers and paths, where it is allowed. */
const EXEMPT = '4111111111111111';

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

async function refused(
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
): Promise<Answer> {
  const answer = await world.call(method, path, body, headers);
  expect(answer).toMatchObject({ status: 422, body: { code: 'card_data_refused', retryable: false } });
  const told = JSON.stringify([answer.headers, answer.body]);
  for (const text of [CARD, DIGITS]) expect(told).not.toContain(text);
  return answer;
}

function pointers(answer: Answer): unknown[] {
  const errors = at(answer.body, 'errors');
  return Array.isArray(errors) ? errors.map((error) => at(error, 'pointer')) : [];
}

const PLACES: [where: string, path: string, body: object, pointer: string][] = [
  ['in a reference', '/v1/accruals', accrual({ reference: `order ${DIGITS}` }), '/reference'],
  ['in metadata', '/v1/topups', topup({ metadata: { note: CARD } }), '/metadata/note'],
  ['as a name in metadata', '/v1/topups', topup({ metadata: { [CARD]: 'x' } }), '/metadata'],
  ['in a name', '/v1/passes', pass({ holder: { firstName: 'Ana', lastName: CARD } }), '/holder/lastName'],
  ['in an unknown member, before validation', '/v1/passes', pass({ card: { n: [CARD] } }), '/card/n/0'],
  ['as a number', '/v1/accruals', accrual({ points: Number(DIGITS) }), '/points'],
  ['under a member that tampers', '/v1/accruals', { constructor: { a: CARD } }, '/constructor/a'],
];

async function notifyWithCard(): Promise<Answer> {
  return world.gateway().request('POST', '/v1/providers/latam-pass/notifications', {
    auth: world.notifier,
    body: {
      nonAirAccrual: { status: 'CANCELLED' },
      trace: { correlationId: unique('none') },
      error: { message: CARD },
    },
  });
}

describe('a card number is refused', () => {
  it.each(PLACES)('%s', async (_where, path, body, pointer) => {
    expect(pointers(await refused('POST', path, body))).toEqual([pointer]);
  });

  it('in a query', async () => {
    const query = await refused('GET', `/v1/transactions?reference=${encodeURIComponent(CARD)}`);
    expect(pointers(query)).toEqual(['?reference']);
  });

  it('in a body that cannot be read', async () => {
    const json = { 'content-type': 'application/json' };
    await refused('POST', '/v1/topups', `{"metadata": "${DIGITS}"`, json);
    await refused('POST', '/v1/topups', `note=${DIGITS}`, { 'content-type': 'text/plain' });
  });

  it('from an operator too', async () => {
    const answer = await world.admin('POST', '/v1/admin/providers/latcom/pause', { reason: CARD });
    expect(answer.body).toMatchObject({ code: 'card_data_refused' });
  });

  it('only after authentication', async () => {
    const answer = await world.gateway().request('POST', '/v1/topups', { body: { a: CARD } });
    expect(answer.status).toBe(401);
  });

  it('without using up the idempotency key', async () => {
    const headers = { 'idempotency-key': unique('kept'), prefer: 'wait=10' };
    await refused('POST', '/v1/topups', topup({ metadata: { note: CARD } }), headers);
    expect((await world.call('POST', '/v1/topups', topup(), headers)).status).toBe(201);
  });
});

describe('legal values that resemble card numbers are accepted:', () => {
  it('idempotency keys, ids and trace headers', async () => {
    const headers = {
      'idempotency-key': EXEMPT,
      'x-request-id': EXEMPT,
      traceparent: `00-${EXEMPT}${EXEMPT}-${EXEMPT}-01`,
      prefer: 'wait=10',
    };
    expect((await world.call('POST', '/v1/topups', topup(), headers)).status).toBe(201);
    expect((await world.call('GET', `/v1/passes/pass_${EXEMPT}`)).status).toBe(404);
    expect((await world.call('GET', `/v1/passes/${EXEMPT}`)).status).toBe(404);
  });

  it('numbers of SIM cards, devices, phones and documents, times and UUIDs', async () => {
    const metadata = {
      iccid: '8952020012345678907',
      imei: '490154203237518',
      phone: '+49 1512 3456789',
      cpf: '12345678909',
      at: String(Date.now()),
      id: randomUUID(),
    };
    expect((await world.call('POST', '/v1/topups', topup({ metadata }), { prefer: 'wait=10' })).status).toBe(201);
  });
});

it('a notification with a card number is accepted and raises an alarm', async () => {
  const before = await alarms(world, 'card_data_in_notification');
  expect(await notifyWithCard()).toMatchObject({ status: 200, body: { received: true } });
  await eventually(
    5_000,
    () => alarms(world, 'card_data_in_notification'),
    (count) => count === before + 1,
  );
});

it('a card number of a refused request or of a notification is neither logged nor stored in clear', async () => {
  for (const [, path, body] of PLACES) await refused('POST', path, body);
  await refused('GET', `/v1/transactions?reference=${encodeURIComponent(CARD)}`);
  expect((await notifyWithCard()).status).toBe(200);
  const logged = world.gateway().output();
  expect(logged).toContain('"code":"card_data_refused"');
  for (const text of [CARD, DIGITS]) expect(logged).not.toContain(text);
  expect(await tablesWith(world, `${CARD}|${DIGITS}`)).toEqual([]);
});
