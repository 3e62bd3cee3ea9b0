import { accrualOnce, transactionEvents } from '../../support/accruals.js';
import { at, textAt } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { LatamPassStub, type StubAnswer } from '../../support/latam-pass-stub.js';
import { metric } from '../../support/metrics.js';
import { sql, sqlAsOwner } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { accrual, startWorld, type World } from '../../support/world.js';

const DUPLICATE: StubAnswer = {
  status: 400,
  body: {
    code: 400,
    message: 'Duplicate correlationId or other unique fields',
    instructions: 'Evaluate',
    details: null,
  },
};
const NOT_FOUND = (): StubAnswer => ({ status: 404, body: { code: 404, message: 'Accrual not found' } });
const SERVER_ERROR = (): StubAnswer => ({ status: 503, body: {} });
const ACCEPTED: StubAnswer = { status: 200, body: { correlationId: 'accepted' } };

const stub = new LatamPassStub();
let world: World;

beforeAll(async () => {
  const env = await stub.listen();
  world = await startWorld({ gateway: env });
}, 60_000);

afterAll(() => stub.close());

/** The answer to a status query: rows of other accruals, then the requested one unless `status` is null. */
function listed(correlationId: string, status: string | null): (id: string) => StubAnswer {
  return (id) => {
    const others = [
      { partnerAccrualId: 'somebody-elses', correlationId: 'not-ours', status: 'PROCESSED', latamAccrualId: 'B_1' },
      { correlationId: 'nobodys', status: 'CANCELLED' },
    ];
    const ours = { partnerAccrualId: id, correlationId, status, latamAccrualId: 'B_2' };
    return { status: 200, body: { accruals: status === null ? others : [...others, ours], totalPages: 1 } };
  };
}

async function submit(): Promise<string> {
  return textAt((await world.call('POST', '/v1/accruals', accrual({ reference: unique('answer') }))).body, 'id');
}

async function attemptsOf(id: string): Promise<unknown> {
  return (await sql(world, `select attempts from transactions where id = $1`, [bareId(id)]))[0]?.['attempts'];
}

it('while the login fails, nothing is sent and no attempt is used up', async () => {
  // A gateway that has no token yet.
  await sqlAsOwner(world, `delete from provider_tokens`);
  await world.crash();
  stub.play({
    token: [
      { status: 503, body: {} },
      { status: 201, body: { access_token: 'late' } },
    ],
    submit: [ACCEPTED],
  });
  const id = await submit();
  await eventually(
    5_000,
    () => transactionEvents(world, id),
    (events) => events.some((event) => at(event, 'evidence') === 'not sent'),
  );
  expect(await attemptsOf(id)).toBe(0);
  expect(stub.submitted).toHaveLength(0);
  await accrualOnce(world, id, ['processing'], 15_000);
  expect(await attemptsOf(id)).toBe(1);
  expect(stub.logins).toBe(2);
  expect(stub.submitted).toHaveLength(1);
}, 30_000);

describe('an accrual that LATAM Pass calls a duplicate', () => {
  it("after a lost answer is looked up until it is visible among other partners' rows", async () => {
    const correlationId = unique('correlation');
    stub.play({
      submit: ['drop', DUPLICATE],
      find: [NOT_FOUND, listed(correlationId, null), listed(correlationId, 'PROCESSED')],
    });
    const id = await submit();
    const ended = await accrualOnce(world, id, ['succeeded', 'failed'], 20_000);
    expect(ended).toMatchObject({ status: 'succeeded', correlationId, providerReference: 'B_2' });
    expect(new Set(stub.submitted).size).toBe(1);
    expect(stub.queries.every((url) => url.endsWith(`partnerAccrualId=${bareId(id)}`))).toBe(true);
  }, 30_000);

  it('after a 5xx does not fail, however long it stays invisible', async () => {
    stub.play({ submit: [{ status: 502, body: {} }, DUPLICATE], find: [NOT_FOUND] });
    const id = await submit();
    await eventually(
      15_000,
      () => Promise.resolve(stub.queries.length),
      (queries) => queries >= 2,
    );
    const events = await transactionEvents(world, id);
    expect(events).toContainEqual(expect.objectContaining({ detail: { reason: 'duplicate_not_visible_yet' } }));
    expect(at((await world.call('GET', `/v1/accruals/${id}`)).body, 'status')).toBe('pending');
    stub.play({ submit: [DUPLICATE], find: [listed(unique('correlation'), 'PROCESSED')] });
    await accrualOnce(world, id, ['succeeded'], 20_000);
  }, 40_000);

  it('at the first attempt fails when the id belongs to another accrual', async () => {
    stub.play({ submit: [DUPLICATE], find: [listed('other', null)] });
    const ended = await accrualOnce(world, await submit(), ['succeeded', 'failed'], 5_000);
    expect(ended).toMatchObject({ status: 'failed', failure: { code: 'duplicate_at_provider' } });
    expect(stub.submitted).toHaveLength(1);
  });

  it('at the first attempt whose status query failed counts as a later attempt', async () => {
    const correlationId = unique('correlation');
    stub.play({
      submit: [DUPLICATE],
      find: [
        () => ({ status: 429, body: {}, headers: { 'retry-after': '1' } }),
        NOT_FOUND,
        listed(correlationId, 'PROCESSING'),
      ],
    });
    const id = await submit();
    expect(await accrualOnce(world, id, ['processing', 'failed'], 20_000)).toMatchObject({
      status: 'processing',
      correlationId,
    });
  }, 30_000);
});

it('an accrual whose answer is lost twice gets its end from the status query', async () => {
  const correlationId = unique('correlation');
  stub.play({ submit: ['drop'], find: [SERVER_ERROR, NOT_FOUND, listed(correlationId, 'PROCESSED')] });
  const ended = await accrualOnce(world, await submit(), ['succeeded', 'failed'], 25_000);
  expect(ended).toMatchObject({ status: 'succeeded', correlationId });
  expect(stub.submitted).toHaveLength(4);
  expect(new Set(stub.submitted).size).toBe(1);
}, 30_000);

it('an accrual accepted with 204 is looked up until its correlationId is visible, and a notification ends it', async () => {
  const correlationId = unique('correlation');
  stub.play({ submit: [{ status: 204 }], find: [NOT_FOUND, listed(correlationId, 'PROCESSING')] });
  const id = await submit();
  const seen = await eventually(
    30_000,
    () => world.call('GET', `/v1/accruals/${id}`),
    (one) => at(one.body, 'correlationId') !== null,
  );
  expect(seen.body).toMatchObject({ status: 'processing', correlationId });
  const body = { nonAirAccrual: { status: 'PROCESSED', latamAccrualId: 'B_3' }, trace: { correlationId } };
  await world.gateway().request('POST', '/v1/providers/latam-pass/notifications', { auth: world.notifier, body });
  expect(await accrualOnce(world, id, ['succeeded'], 5_000)).toMatchObject({ providerReference: 'B_3' });
  expect(stub.submitted).toHaveLength(1);
}, 40_000);

it('a redirect of an accrual is not followed', async () => {
  stub.play({ submit: [{ status: 308, headers: { location: stub.elsewhere } }, ACCEPTED] });
  expect(await accrualOnce(world, await submit(), ['processing', 'failed'], 10_000)).toMatchObject({
    status: 'processing',
  });
  expect(stub.strays).toBe(0);
  expect(stub.submitted).toHaveLength(2);
});

it("any other 4xx ends the accrual as failed, with the provider's message", async () => {
  const body = { code: 422, message: 'Member\nis   odd', instructions: 'Ask the member', details: ['a'] };
  stub.play({ submit: [{ status: 422, body }] });
  const ended = await accrualOnce(world, await submit(), ['succeeded', 'failed'], 5_000);
  expect(ended).toMatchObject({
    status: 'failed',
    failure: {
      code: 'refused_by_provider',
      instructions: 'Ask the member',
      provider: { code: '422', message: 'Member is odd' },
    },
    nextStep: 'Ask the member',
  });
  expect(stub.submitted).toHaveLength(1);
});

it('a 429 holds back every accrual, and none uses up an attempt', async () => {
  stub.play({ submit: [{ status: 429, body: {}, headers: { 'retry-after': '2' } }, ACCEPTED] });
  const first = await submit();
  await eventually(
    5_000,
    () => Promise.resolve(stub.submitted.length),
    (sent) => sent === 1,
  );
  await eventually(
    5_000,
    () => attemptsOf(first),
    (attempts) => attempts === 0,
  );
  const second = await submit();
  await eventually(
    5_000,
    () => transactionEvents(world, second),
    (events) => events.some((event) => at(event, 'detail', 'reason') === 'quota_used_up'),
  );
  expect(stub.submitted).toHaveLength(1);
  await accrualOnce(world, second, ['processing'], 15_000);
  expect(await attemptsOf(second)).toBe(1);
}, 30_000);

it('a refused token is renewed once, not in a loop', async () => {
  stub.play({ submit: [{ status: 401, body: {} }] });
  const id = await submit();
  await eventually(
    5_000,
    () => transactionEvents(world, id),
    (events) => events.some((event) => at(event, 'detail', 'reason') === 'token_refused'),
  );
  expect(stub.logins).toBe(1);
  expect(stub.submitted).toHaveLength(2);
  expect(await attemptsOf(id)).toBe(0);
  // It is not left to be sent again in another test.
  stub.play({ submit: [ACCEPTED] });
  await sql(world, `update transactions set due_at = now() where id = $1`, [bareId(id)]);
  await accrualOnce(world, id, ['processing'], 15_000);
}, 30_000);

it('an accrual is parked after a day of failures, and continues when an operator retries it', async () => {
  stub.play({ submit: [{ status: 503, body: {} }] });
  const id = await submit();
  await sql(world, `update transactions set created_at = now() - interval '25 hours' where id = $1`, [bareId(id)]);
  const parked = await eventually(
    15_000,
    () => transactionEvents(world, id),
    (events) => at(events.at(-1), 'evidence') === 'parked',
  );
  expect(parked.at(-1)).toMatchObject({
    from: 'pending',
    to: null,
    detail: { reason: 'server_error', httpStatus: 503 },
  });
  await eventually(
    10_000,
    () => metric(world, 'gateway_parked_transactions{provider="latam-pass"}'),
    (count) => count === 1,
  );
  const sent = stub.submitted.length;
  const correlationId = unique('correlation');
  stub.play({ submit: [DUPLICATE], find: [listed(correlationId, 'PROCESSED')] });
  expect((await world.admin('POST', `/v1/admin/transactions/${id}/retry`)).status).toBe(200);
  const ended = await accrualOnce(world, id, ['succeeded', 'failed'], 5_000);
  expect(ended).toMatchObject({ status: 'succeeded', correlationId });
  expect(sent).toBeGreaterThan(0);
  expect(stub.submitted).toHaveLength(1);
}, 40_000);
