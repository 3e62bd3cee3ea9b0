import { setTimeout as sleep } from 'node:timers/promises';
import { at, textAt, type Answer } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { MAGIC } from '../../support/magic.js';
import { pass, startWorld, type World } from '../../support/world.js';

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

function status(answer: Answer): string {
  return `${answer.status} ${String(at(answer.body, 'status'))}`;
}

async function issued(changes: object = {}): Promise<{ path: string; email: string; reference: string }> {
  const email = `${unique('holder')}@example.com`;
  const holder = { firstName: 'Ana', lastName: 'Souza', email };
  const answer = await world.call('POST', '/v1/passes', pass({ holder, ...changes }), { prefer: 'wait=15' });
  expect(status(answer)).toBe('201 succeeded');
  return {
    path: `/v1/passes/${textAt(answer.body, 'pass', 'id')}`,
    email,
    reference: textAt(answer.body, 'providerReference'),
  };
}

async function effects(kind: string, reference: string): Promise<number> {
  const all = await world.sandbox.effects('loyalty-layer');
  return all.filter((effect) => effect['kind'] === kind && effect['providerReference'] === reference).length;
}

describe('the cancel of a pass', () => {
  it('is a transaction of its own that changes the pass', async () => {
    const { path, reference } = await issued();
    const answer = await world.call('POST', `${path}/cancel`);
    expect(status(answer)).toBe('201 succeeded');
    expect(answer.headers['location']).toBe(`/v1/transactions/${textAt(answer.body, 'id')}`);
    expect(answer.body).toMatchObject({
      type: 'pass_cancel',
      reference: null,
      quantity: null,
      providerReference: reference,
      pass: { id: path.split('/').at(-1), status: 'canceled', planId: 'LOUNGE-BASIC' },
    });
    expect((await world.call('GET', path)).body).toMatchObject({ status: 'canceled' });
    expect(await effects('pass-cancel', reference)).toBe(1);
  });

  it('succeeds when the pass is already canceled', async () => {
    const { path } = await issued();
    await world.call('POST', `${path}/cancel`);
    const again = await world.call('POST', `${path}/cancel`);
    expect(again.body).toMatchObject({ status: 'succeeded', pass: { status: 'canceled' } });
    expect(again.headers['idempotency-replayed']).toBeUndefined();
  });

  it.each(['drop-after', 'status-500-after', 'html-after', 'garbage', 'truncated', '429', '401'])(
    'with the fault "%s" is sent again and executed once',
    async (fault) => {
      const { path, reference } = await issued();
      await world.sandbox.fault({ provider: 'loyalty-layer', operation: 'pass-cancel', fault, times: 1, delayMs: 500 });
      const answer = await world.call('POST', `${path}/cancel`, undefined, { prefer: 'wait=20' });
      expect(status(answer)).toBe('201 succeeded');
      expect(await effects('pass-cancel', reference)).toBe(1);
    },
  );

  it('fails when it is redirected, and the redirect is not followed', async () => {
    const { path } = await issued();
    await world.sandbox.fault({ provider: 'loyalty-layer', operation: 'pass-cancel', fault: 'redirect', times: 1 });
    const answer = await world.call('POST', `${path}/cancel`);
    expect(answer.body).toMatchObject({ status: 'failed', failure: { category: 'configuration' } });
    expect((await world.call('GET', path)).body).toMatchObject({ status: 'active' });
  });

  it('returns the same transaction for the same key, and is refused with the key of another pass', async () => {
    const [one, other] = [await issued(), await issued()];
    const headers = { 'idempotency-key': unique('cancel') };
    const first = await world.call('POST', `${one.path}/cancel`, undefined, headers);
    const again = await world.call('POST', `${one.path}/cancel`, undefined, headers);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(at(again.body, 'id')).toBe(at(first.body, 'id'));
    expect((await world.call('POST', `${other.path}/cancel`, undefined, headers)).body).toMatchObject({
      code: 'idempotency_key_reused',
    });
  });

  it('needs an Idempotency-Key', async () => {
    const { path } = await issued();
    const answer = await world.gateway().request('POST', `${path}/cancel`, { auth: world.partner });
    expect(answer.body).toMatchObject({ code: 'idempotency_key_missing' });
  });
});

describe('the update of a pass', () => {
  it('masks names that have letters of two UTF-16 units', async () => {
    const { body } = await world.call('POST', '/v1/passes', pass({ holder: { firstName: '𠮷子', lastName: '𠮷田' } }));
    expect(at(body, 'pass', 'holder')).toMatchObject({ firstName: '𠮷***', lastName: '𠮷***' });
  });

  it('sends the changed members and shows them masked', async () => {
    const { path, reference } = await issued();
    const body = { holder: { lastName: 'Silva', country: 'CL' }, metadata: { desk: '7' } };
    const answer = await world.call('PATCH', path, body);
    expect(status(answer)).toBe('201 succeeded');
    expect(answer.body).toMatchObject({
      type: 'pass_update',
      reference: null,
      quantity: null,
      metadata: { desk: '7' },
      pass: { holder: { lastName: 'S***', country: 'CL' }, status: 'active' },
    });
    const calls = await world.sandbox.calls('loyalty-layer');
    const sent = calls.find((one) => one['operation'] === 'pass-update' && JSON.stringify(one).includes(reference));
    expect(JSON.stringify(sent?.['body'])).toContain('Silva');
    expect(JSON.stringify(sent?.['body'])).not.toMatch(/first_name|desk/);
    expect((await world.call('GET', path)).body).toMatchObject({ status: 'active', metadata: { desk: '7' } });
    const own = await world.call('GET', `${textAt(answer.headers, 'location')}?expand=personal`);
    expect(at(own.body, 'pass', 'holder', 'lastName')).toBe('Silva');
  });

  it('makes no call when only metadata change', async () => {
    const { path, reference } = await issued();
    const answer = await world.call('PATCH', path, { metadata: { a: 'b' } });
    expect(status(answer)).toBe('201 succeeded');
    expect((await world.call('GET', path)).body).toMatchObject({ metadata: { a: 'b' } });
    expect(await effects('pass-update', reference)).toBe(0);
  });

  it.each(['drop-after', 'status-502-after', 'html'])(
    'with the fault "%s" is sent again with the same bytes',
    async (fault) => {
      const { path, reference } = await issued();
      await world.sandbox.fault({ provider: 'loyalty-layer', operation: 'pass-update', fault, times: 1 });
      const answer = await world.call('PATCH', path, { holder: { firstName: 'Eva' } }, { prefer: 'wait=20' });
      expect(status(answer)).toBe('201 succeeded');
      const calls = await world.sandbox.calls('loyalty-layer');
      const sent = calls.filter((one) => one['operation'] === 'pass-update' && JSON.stringify(one).includes(reference));
      expect(sent).toHaveLength(2);
      expect(sent[0]?.['body']).toEqual(sent[1]?.['body']);
    },
  );

  it('fails when the pass is canceled', async () => {
    const { path } = await issued();
    await world.call('POST', `${path}/cancel`);
    const answer = await world.call('PATCH', path, { holder: { firstName: 'Eva' } });
    expect(answer.body).toMatchObject({
      status: 'failed',
      failure: { code: 'already_cancelled', provider: { code: 'already_cancelled' } },
      pass: { status: 'canceled' },
    });
  });

  it.each<[string, object, string]>([
    ['nothing', {}, ''],
    ['an empty holder', { holder: {} }, ''],
    ['an unknown member', { status: 'active' }, '/status'],
    ['a holder with a bad phone', { holder: { phone: '123' } }, '/holder/phone'],
    ['metadata that is no object', { metadata: 'x' }, '/metadata'],
  ])('with %s is refused', async (_what, body, pointer) => {
    const { path } = await issued();
    const answer = await world.call('PATCH', path, body);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
  });
});

describe('a pass', () => {
  it('is read with refresh=true as LoyaltyLayer returns it', async () => {
    const { path } = await issued({ planId: MAGIC.loyaltyLayer.pending });
    expect((await world.call('GET', path)).body).toMatchObject({ status: 'pending' });
    await sleep(5_100);
    const refreshed = await world.call('GET', `${path}?refresh=true`);
    expect(refreshed).toMatchObject({ status: 200, body: { status: 'active', qrData: expect.any(String) } });
    expect((await world.call('GET', path)).body).toEqual(refreshed.body);
  });

  it('with an undocumented status is unknown and raises an alarm', async () => {
    const { path } = await issued({ planId: MAGIC.loyaltyLayer.undocumentedStatus });
    expect((await world.call('GET', `${path}?refresh=true`)).body).toMatchObject({ status: 'unknown' });
    const metrics = String((await world.gateway().request('GET', '/metrics')).body);
    expect(metrics).toMatch(/gateway_alarms_total\{kind="unknown_pass_status"\} 1/);
  });

  it('stays unchanged when LoyaltyLayer fails to refresh it', async () => {
    const { path } = await issued();
    await world.sandbox.fault({ provider: 'loyalty-layer', operation: 'pass-status', fault: 'status-500', times: 1 });
    expect(await world.call('GET', `${path}?refresh=true`)).toMatchObject({
      status: 502,
      body: { code: 'provider_error' },
    });
    expect((await world.call('GET', path)).body).toMatchObject({ status: 'active' });
    expect((await world.call('GET', `${path}?refresh=maybe`)).status).toBe(400);
  });

  it('cannot be changed while its issue is unknown', async () => {
    const answer = await world.call('POST', '/v1/passes', pass({ planId: MAGIC.loyaltyLayer.gatewayTimeout }));
    const path = `/v1/passes/${textAt(answer.body, 'pass', 'id')}`;
    expect(await world.call('POST', `${path}/cancel`)).toMatchObject({ status: 409, body: { code: 'invalid_state' } });
    expect((await world.call('GET', `${path}?refresh=true`)).body).toMatchObject({ status: 'unknown' });
  });

  it('of another app is not found', async () => {
    const { path } = await issued();
    const auth = await world.createApp();
    for (const [method, suffix] of [
      ['GET', ''],
      ['GET', '?refresh=true'],
      ['PATCH', ''],
      ['POST', '/cancel'],
    ] as const) {
      const headers = { 'idempotency-key': unique('foreign') };
      const body = method === 'PATCH' ? { metadata: { a: 'b' } } : undefined;
      const answer = await world.gateway().request(method, path + suffix, { auth, headers, body });
      expect([method, suffix, answer.status]).toEqual([method, suffix, 404]);
    }
  });
});
