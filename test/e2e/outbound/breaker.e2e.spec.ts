import { at, textAt } from '../../support/http.js';
import { MAGIC } from '../../support/magic.js';
import { eventually } from '../../support/wait.js';
import { startWorld, topup, type World } from '../../support/world.js';

let world: World;

beforeAll(async () => {
  world = await startWorld({ gateway: { BREAKER_FAILURES: '3', BREAKER_OPEN_MS: '60000' } });
}, 60_000);

async function breaker(): Promise<unknown> {
  const answer = await world.admin('GET', '/v1/admin/providers');
  return at(answer.body, 'data', 2, 'breaker');
}

async function purchases(): Promise<number> {
  return (await world.sandbox.calls('latcom')).filter((call) => call['operation'] === 'purchase').length;
}

it('refusals of a provider do not open its breaker', async () => {
  for (let times = 0; times < 5; times += 1)
    await world.call('POST', '/v1/topups', topup({ phoneNumber: MAGIC.latcom.declinedInvalidPhone }));
  expect(await breaker()).toBe('closed');
});

it('repeated failures open the breaker: nothing is sent, nothing is lost, and an operator can close it', async () => {
  // A balance that is queried in between is a success, after which the failures are counted anew.
  for (let times = 0; times < 9 && (await breaker()) !== 'open'; times += 1) {
    const answer = await world.call('POST', '/v1/topups', topup({ phoneNumber: MAGIC.latcom.serverError }));
    expect(at(answer.body, 'status')).toBe('unknown');
  }
  expect(await breaker()).toBe('open');
  const before = await purchases();
  const answer = await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=1' });
  expect([answer.status, at(answer.body, 'status')]).toEqual([202, 'pending']);
  expect(at(answer.body, 'expectedBy')).toEqual(expect.any(String));
  expect(await purchases()).toBe(before);
  expect((await world.admin('POST', '/v1/admin/providers/latcom/resume')).body).toMatchObject({ breaker: 'closed' });
  const path = `/v1/topups/${textAt(answer.body, 'id')}`;
  await eventually(
    10_000,
    () => world.call('GET', path),
    (one) => at(one.body, 'status') === 'succeeded',
  );
});
