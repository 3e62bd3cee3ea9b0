import { startGateway, type Gateway } from '../../support/gateway.js';
import { at, request, textAt, type Answer, type Credentials } from '../../support/http.js';
import { createOperator } from '../../support/authorized-callers.js';
import { bareId, unique } from '../../support/ids.js';
import { eventually } from '../../support/wait.js';
import { startWorld, topup, type World } from '../../support/world.js';

/** The documented time within which a change of the catalog takes effect on all instances. */
const EFFECTIVE_MS = 5_000;

let world: World;
/** A second gateway on the same database. */
let other: Gateway;

beforeAll(async () => {
  world = await startWorld();
  other = await startGateway({ databaseUrl: world.database.url, env: world.env });
}, 60_000);

const pesos = (value: string): object => ({ value, currency: 'MXN' });
const product = (changes: object = {}): Record<string, unknown> => ({
  productId: unique('PRODUCT'),
  description: 'Paquete $50',
  operator: 'AT&T',
  minAmount: pesos('50.00'),
  maxAmount: pesos('50.00'),
  ...changes,
});

async function add(changes: object = {}): Promise<string> {
  const answer = await world.admin('POST', '/v1/admin/products', product(changes));
  expect(answer.status).toBe(201);
  return textAt(answer.body, 'productId');
}

/** Adds the product to the simulated LATCOM too. */
const sell = (productId: string, operator: string, minPesos: number, maxPesos: number): Promise<Answer> =>
  request(world.sandbox.url, 'POST', '/_sandbox/products', { body: { productId, operator, minPesos, maxPesos } });

const change = (productId: string, changes: object): Promise<Answer> =>
  world.admin('PATCH', `/v1/admin/products/${productId}`, changes);
const retire = (productId: string): Promise<Answer> => world.admin('DELETE', `/v1/admin/products/${productId}`);

const order = (productId: string, value = '50.00', changes: object = {}): Record<string, unknown> =>
  topup({ productId, amount: pesos(value), ...changes });
const buy = (body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  world.call('POST', '/v1/topups', body, { prefer: 'wait=15', ...headers });

function expectRefused({ status, body }: Answer, pointer: string): void {
  expect([status, at(body, 'code')]).toEqual([400, 'validation_failed']);
  const errors = at(body, 'errors');
  // One pointer may have two messages.
  const places = Array.isArray(errors) ? errors.map((error) => at(error, 'pointer')) : [];
  expect([...new Set(places)]).toEqual([pointer]);
}

const refusedProduct = { status: 400, body: { code: 'validation_failed', errors: [{ pointer: '/productId' }] } };

/** The bodies of the calls that LATCOM received for a transaction. */
async function sent(id: string): Promise<unknown[]> {
  const calls = await world.sandbox.calls('latcom');
  const purchases = calls.filter((call) => call['operation'] === 'purchase');
  const bodies = purchases.map(({ body }): unknown => JSON.parse(String(body)));
  return bodies.filter((body) => at(body, 'distributor_transaction_id') === bareId(id));
}

async function listed(gateway: Gateway, productId: string, auth: Credentials): Promise<unknown> {
  const answer = await gateway.request('GET', '/v1/topups/products', { auth });
  const data = at(answer.body, 'data');
  return Array.isArray(data) ? data.find((one) => at(one, 'productId') === productId) : undefined;
}

async function paused(work: () => Promise<void>): Promise<void> {
  await world.admin('POST', '/v1/admin/providers/latcom/pause', { reason: 'test' });
  try {
    await work();
  } finally {
    await world.admin('POST', '/v1/admin/providers/latcom/resume');
  }
}

describe('a product that an operator adds', () => {
  it('is returned as stored, and is in the audit log', async () => {
    const body = product({ productId: 'TELCEL:X.1-a_b', operator: 'Telcel', maxAmount: pesos('80') });
    const answer = await world.admin('POST', '/v1/admin/products', body);
    const shown = { ...body, maxAmount: pesos('80.00'), fixedPrice: false };
    const times = { createdAt: expect.any(String), updatedAt: expect.any(String) };
    expect(answer).toMatchObject({ status: 201 });
    expect(answer.body).toEqual({ ...shown, ...times });
    const read = await world.admin('GET', '/v1/admin/products/TELCEL:X.1-a_b');
    expect(read.body).toEqual(answer.body);
    expect(await listed(world.gateway(), 'TELCEL:X.1-a_b', world.partner)).toEqual(shown);
    const { body: log } = await world.admin('GET', '/v1/admin/audit-log?limit=1');
    expect(at(log, 'data', 0)).toMatchObject({
      actor: 'operator:admin',
      action: 'product.create',
      target: 'TELCEL:X.1-a_b',
      detail: { operator: 'Telcel', minAmount: '50.00', maxAmount: '80.00' },
    });
  });

  it('is bought from its operator, whether the request names the operator or not', async () => {
    const productId = await add({ operator: 'AT&T' });
    await sell(productId, 'AT&T', 50, 50);
    for (const operator of [undefined, 'AT&T']) {
      const answer = await buy(order(productId, '50.00', { operator }));
      expect(answer).toMatchObject({
        status: 201,
        body: { status: 'succeeded', topup: { productId, operator: 'AT&T' } },
      });
      const wanted = { product_id: productId, amount: 50, operator: 'AT&T' };
      expect(await sent(textAt(answer.body, 'id'))).toMatchObject([wanted]);
    }
    const refused = await buy(order(productId, '50.00', { operator: 'MOVISTAR' }));
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ pointer: '/operator' }] } });
  });

  it('is declined when LATCOM does not sell it', async () => {
    const answer = await buy(order(await add()));
    expect(answer).toMatchObject({ status: 201, body: { status: 'failed', failure: { provider: { code: '14' } } } });
  });

  it('is sold, repriced and retired by a second gateway within 5 s', async () => {
    const shownThere = (productId: string): Promise<unknown> => listed(other, productId, world.partner);
    // Makes the other gateway load the catalog before the change.
    expect(await shownThere('MOVISTAR_TAE')).toBeDefined();
    const productId = await add();
    await eventually(
      EFFECTIVE_MS,
      () => shownThere(productId),
      (one) => one !== undefined,
    );
    expect((await change(productId, { minAmount: pesos('60.00'), maxAmount: pesos('60.00') })).status).toBe(200);
    await eventually(
      EFFECTIVE_MS,
      () => shownThere(productId),
      (one) => at(one, 'minAmount', 'value') === '60.00',
    );
    expect((await retire(productId)).status).toBe(204);
    await eventually(
      EFFECTIVE_MS,
      () => shownThere(productId),
      (one) => one === undefined,
    );
    const headers = { 'idempotency-key': unique('key') };
    const refused = { auth: world.partner, headers, body: order(productId, '60.00') };
    expect(await other.request('POST', '/v1/topups', refused)).toMatchObject(refusedProduct);
  }, 30_000);
});

describe('a retired product', () => {
  it('is no longer sold, while a waiting purchase is sent and can be repeated by its caller', async () => {
    const productId = await add();
    await sell(productId, 'AT&T', 50, 50);
    const body = order(productId);
    const headers = { 'idempotency-key': unique('waits') };
    let id = '';
    await paused(async () => {
      id = textAt((await buy(body, { ...headers, prefer: 'wait=0' })).body, 'id');
      expect((await retire(productId)).status).toBe(204);
      expect(await buy(order(productId))).toMatchObject(refusedProduct);
      const checked = await world.call('POST', '/v1/topups/validate', order(productId));
      expect(checked.body).toMatchObject({ valid: false, problems: [{ pointer: '/productId' }] });
      expect(await listed(world.gateway(), productId, world.partner)).toBeUndefined();
      const repeated = await buy(body, { ...headers, prefer: 'wait=0' });
      expect(repeated).toMatchObject({ status: 202, body: { id, status: 'pending' } });
    });
    const ended = await eventually(
      15_000,
      () => world.call('GET', `/v1/topups/${id}`),
      (one) => at(one.body, 'status') !== 'pending',
    );
    expect(ended.body).toMatchObject({ status: 'succeeded', topup: { productId, operator: 'AT&T' } });
    expect(await sent(id)).toMatchObject([{ product_id: productId, amount: 50, operator: 'AT&T' }]);
    const repeated = await buy(body, headers);
    expect(repeated).toMatchObject({ status: 201, body: { id, status: 'succeeded' } });
    expect(repeated.headers['idempotency-replayed']).toBe('true');
  }, 30_000);

  it('is gone for operators too, and can be added again', async () => {
    const productId = await add();
    expect((await retire(productId)).status).toBe(204);
    expect((await retire(productId)).status).toBe(404);
    expect((await change(productId, { description: 'x' })).status).toBe(404);
    expect((await world.admin('GET', `/v1/admin/products/${productId}`)).status).toBe(404);
    await add({ productId, operator: 'UNEFON' });
    expect(await listed(world.gateway(), productId, world.partner)).toMatchObject({ operator: 'UNEFON' });
  });
});

describe('a changed product', () => {
  it('is sold at its new price at once, while a waiting purchase keeps its price and operator', async () => {
    const productId = await add();
    await sell(productId, 'AT&T', 50, 50);
    const body = order(productId);
    const headers = { 'idempotency-key': unique('priced') };
    let id = '';
    await paused(async () => {
      id = textAt((await buy(body, { ...headers, prefer: 'wait=0' })).body, 'id');
      const changes = { operator: 'ATT', minAmount: pesos('60.00'), maxAmount: pesos('60.00') };
      expect(await change(productId, changes)).toMatchObject({ status: 200, body: { ...changes, fixedPrice: true } });
      const old = await buy(order(productId));
      expect(old.body).toMatchObject({
        errors: [{ pointer: '/amount/value', message: `must be 60.00 for ${productId}` }],
      });
      expect((await buy(body, { ...headers, prefer: 'wait=0' })).body).toMatchObject({ id });
    });
    await eventually(
      15_000,
      () => world.call('GET', `/v1/topups/${id}`),
      (one) => at(one.body, 'status') === 'succeeded',
    );
    expect(await sent(id)).toMatchObject([{ amount: 50, operator: 'AT&T' }]);
    await sell(productId, 'ATT', 60, 60);
    const bought = await buy(order(productId, '60.00'));
    expect(bought.body).toMatchObject({ status: 'succeeded', quantity: { value: '60.00' } });
    expect(await sent(textAt(bought.body, 'id'))).toMatchObject([{ amount: 60, operator: 'ATT' }]);
  }, 30_000);

  it('keeps what the change does not name, and the audit log has the old values', async () => {
    const productId = await add({ maxAmount: pesos('80.00') });
    const changed = await change(productId, { maxAmount: pesos('90.00') });
    expect(changed.body).toMatchObject({ ...product({ productId }), maxAmount: pesos('90.00'), fixedPrice: false });
    const { body } = await world.admin('GET', '/v1/admin/audit-log?limit=1');
    expect(at(body, 'data', 0)).toMatchObject({
      action: 'product.update',
      target: productId,
      detail: { changes: ['maxAmount: 80.00 -> 90.00'] },
    });
  });

  it.each([
    ['a minimum above the maximum that stays', { minAmount: pesos('81.00') }, '/minAmount/value'],
    ['a maximum below the minimum that stays', { maxAmount: pesos('49.00') }, '/maxAmount/value'],
    ['a maximum beyond all bounds', { maxAmount: pesos('50001.00') }, '/maxAmount/value'],
    ['another identifier', { productId: 'OTHER' }, '/productId'],
    ['no operator', { operator: null }, '/operator'],
    ['an amount that is none', { minAmount: null }, '/minAmount'],
  ])('does not accept %s', async (_what, changes, pointer) => {
    const productId = await add({ maxAmount: pesos('80.00') });
    const before = (await world.admin('GET', `/v1/admin/products/${productId}`)).body;
    expectRefused(await change(productId, changes), pointer);
    expect((await world.admin('GET', `/v1/admin/products/${productId}`)).body).toEqual(before);
  });

  it('keeps minimum and maximum in order when two operators change it at the same time', async () => {
    const productId = await add({ minAmount: pesos('10.00'), maxAmount: pesos('100.00') });
    const answers = await Promise.all([
      change(productId, { minAmount: pesos('90.00') }),
      change(productId, { maxAmount: pesos('20.00') }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
  });
});

describe('adding a product to the catalog', () => {
  it('happens once, however many operators try at the same time', async () => {
    const body = product();
    const answers = await Promise.all([1, 2, 3].map(() => world.admin('POST', '/v1/admin/products', body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const conflict = answers.find(({ status }) => status === 409);
    expect(conflict?.body).toMatchObject({ code: 'invalid_state', detail: expect.stringContaining('already') });
  });

  it.each([
    ['no identifier', { productId: undefined }, '/productId'],
    ['an empty identifier', { productId: '' }, '/productId'],
    ['an identifier of 65 characters', { productId: 'x'.repeat(65) }, '/productId'],
    ['an identifier with a space', { productId: 'A B' }, '/productId'],
    ['an identifier with a slash', { productId: 'A/B' }, '/productId'],
    ['an identifier that is a path', { productId: '..' }, '/productId'],
    ['an identifier with a zero-width space', { productId: 'A\u200bB' }, '/productId'],
    ['an identifier with a line feed at its end', { productId: 'AB\n' }, '/productId'],
    ['an identifier in Cyrillic letters', { productId: 'МOVISTAR' }, '/productId'],
    ['an identifier that is a number', { productId: 50 }, '/productId'],
    ['no operator', { operator: undefined }, '/operator'],
    ['an operator of 41 characters', { operator: 'x'.repeat(41) }, '/operator'],
    ['an operator with a zero-width joiner', { operator: 'TEL\u200dCEL' }, '/operator'],
    ['an operator with a control character', { operator: 'TEL\tCEL' }, '/operator'],
    ['an operator with a space at its end', { operator: 'TELCEL ' }, '/operator'],
    ['an operator in Cyrillic letters', { operator: 'ТЕLCEL' }, '/operator'],
    ['an invisible operator', { operator: '\u3164' }, '/operator'],
    ['no description', { description: undefined }, '/description'],
    ['a blank description', { description: ' ' }, '/description'],
    ['a description of 201 characters', { description: 'x'.repeat(201) }, '/description'],
    ['a description with a right-to-left override', { description: 'a\u202eb' }, '/description'],
    ['a description with a soft hyphen', { description: 'a\u00adb' }, '/description'],
    ['a description with a line separator', { description: 'a\u2028b' }, '/description'],
    ['a description with a filler that is not seen', { description: 'a\u3164b' }, '/description'],
    ['no amounts', { minAmount: undefined }, '/minAmount'],
    ['an amount that is a number', { minAmount: 50 }, '/minAmount'],
    ['an amount that is a list', { minAmount: [pesos('50.00')] }, '/minAmount'],
    ['an amount with a number for its value', { minAmount: { value: 50, currency: 'MXN' } }, '/minAmount/value'],
    ['centavos', { minAmount: pesos('49.50') }, '/minAmount/value'],
    ['nothing to pay', { minAmount: pesos('0.00') }, '/minAmount/value'],
    ['a negative amount', { minAmount: pesos('-5.00') }, '/minAmount/value'],
    ['an exponent', { maxAmount: pesos('1e3') }, '/maxAmount/value'],
    ['an amount of seven digits', { maxAmount: pesos('1000000.00') }, '/maxAmount/value'],
    ['an amount beyond all bounds', { maxAmount: pesos('50001.00') }, '/maxAmount/value'],
    ['another currency', { maxAmount: { value: '50.00', currency: 'USD' } }, '/maxAmount/currency'],
    ['a minimum above the maximum', { minAmount: pesos('51.00') }, '/minAmount/value'],
    ['an unknown member', { price: '50.00' }, '/price'],
    ['an unknown member of an amount', { minAmount: { ...pesos('50.00'), cents: 0 } }, '/minAmount/cents'],
  ])('is refused with %s', async (_what, changes, pointer) => {
    expectRefused(await world.admin('POST', '/v1/admin/products', product(changes)), pointer);
  });

  it.each([
    ['an accent', { operator: 'Móvil+' }],
    ['the largest amount', { maxAmount: pesos('50000') }],
    ['an amount of one peso', { minAmount: pesos('1.0') }],
    ['an identifier of 64 characters', { productId: `${'x'.repeat(63)}1` }],
    ['a description in any script', { description: '充值 50 $' }],
  ])('is accepted with %s', async (_what, changes) => {
    await add(changes);
  });
});

describe("the operators' list of products", () => {
  it('is paged by identifier without gaps', async () => {
    const ids: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await world.admin('GET', `/v1/admin/products?limit=4${query}`);
      for (let index = 0; at(body, 'data', index) !== undefined; index += 1) {
        ids.push(textAt(body, 'data', index, 'productId'));
      }
      const next = at(body, 'nextCursor');
      cursor = typeof next === 'string' ? next : null;
    }
    expect(ids).toEqual(expect.arrayContaining(['MOVISTAR_TAE', 'MOVISTAR_PAQUETE_16']));
    expect(ids).toEqual([...new Set(ids)].sort());
  });

  it.each([['AAAA'], ['.'], ['w6Q'], ['IA']])('refuses the cursor %s', async (cursor) => {
    expectRefused(await world.admin('GET', `/v1/admin/products?cursor=${cursor}`), '?cursor');
  });

  it.each([['%00'], ['%20'], ['a%2Fb'], ['%F0%9F%98%80'], ['x'.repeat(65)]])('has no product %s', async (productId) => {
    const answer = await world.admin('GET', `/v1/admin/products/${productId}`);
    expect([400, 404]).toContain(answer.status);
  });
});

it('only administrators change the catalog, and every operator reads it', async () => {
  const productId = await add();
  const ask = (auth: Credentials, method: string, path: string, body?: unknown): Promise<number> =>
    world
      .gateway()
      .request(method, path, { auth, ...(body !== undefined && { body }) })
      .then(({ status }) => status);
  const path = `/v1/admin/products/${productId}`;
  for (const role of ['viewer', 'operator']) {
    const { auth } = await createOperator(world, role);
    expect(await ask(auth, 'GET', '/v1/admin/products')).toBe(200);
    expect(await ask(auth, 'GET', path)).toBe(200);
    expect(await ask(auth, 'POST', '/v1/admin/products', product())).toBe(403);
    expect(await ask(auth, 'PATCH', path, { description: 'x' })).toBe(403);
    expect(await ask(auth, 'DELETE', path)).toBe(403);
  }
  expect(await ask(world.partner, 'GET', '/v1/admin/products')).toBe(403);
});
