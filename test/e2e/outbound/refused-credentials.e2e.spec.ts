import { setTimeout as sleep } from 'node:timers/promises';
import { ADMIN, startGateway } from '../../support/gateway.js';
import { at, textAt, type Answer } from '../../support/http.js';
import { alarms } from '../../support/metrics.js';
import { eventually } from '../../support/wait.js';
import { pass, startWorld, type World } from '../../support/world.js';

let world: World;

beforeAll(async () => {
  world = await startWorld({ gateway: { LOYALTY_LAYER_CLIENT_SECRET: 'not-the-secret' } });
}, 60_000);

async function logins(): Promise<number> {
  return (await world.sandbox.calls('loyalty-layer')).filter((call) => call['operation'] === 'token').length;
}

async function paused(): Promise<unknown> {
  const found: unknown = at((await world.admin('GET', '/v1/admin/providers')).body, 'data');
  const all = Array.isArray(found) ? found.map((one: unknown) => one) : [];
  return at(
    all.find((one) => at(one, 'name') === 'loyalty-layer'),
    'paused',
  );
}

const issue = (): Promise<Answer> => world.call('POST', '/v1/passes', pass(), { prefer: 'wait=0' });

const resume = (): Promise<Answer> => world.admin('POST', '/v1/admin/providers/loyalty-layer/resume');

it('LoyaltyLayer is stopped by invalid_client, and resumes after an operator has corrected the credentials', async () => {
  const first = await issue();
  expect(first.status).toBe(202);
  expect(await eventually(10_000, paused, (pause) => pause !== null)).toMatchObject({
    by: 'gateway',
    reason: expect.stringContaining('invalid_client'),
  });
  expect(await alarms(world, 'provider_stopped')).toBe(1);
  const asked = await logins();
  const waiting = [first, await issue(), await issue()].map((answer) => textAt(answer.body, 'id'));
  await sleep(3_000);
  expect(await logins()).toBe(asked);
  for (const id of waiting) {
    expect(at((await world.call('GET', `/v1/transactions/${id}`)).body, 'status')).toBe('pending');
  }
  expect(await world.call('GET', '/v1/cards/encryption-keys')).toMatchObject({
    status: 503,
    body: { code: 'provider_unavailable' },
  });

  // The credentials are still wrong: the gateway tries them again and pauses again.
  expect((await resume()).status).toBe(200);
  await eventually(10_000, logins, (count) => count > asked);
  await eventually(10_000, paused, (pause) => pause !== null);
  expect((await world.admin('POST', '/v1/admin/providers/loyalty-layer/token/refresh')).status).toBe(502);
  expect(await paused()).not.toBeNull();

  await world.gateway().stop();
  const { LOYALTY_LAYER_CLIENT_SECRET: secret } = world.sandbox.providerEnv;
  const mended = await startGateway({
    databaseUrl: world.database.url,
    env: { ...world.env, ...(secret !== undefined && { LOYALTY_LAYER_CLIENT_SECRET: secret }) },
  });
  const renewed = await mended.request('POST', '/v1/admin/providers/loyalty-layer/token/refresh', { auth: ADMIN });
  expect(renewed).toMatchObject({ status: 200, body: { paused: null } });
  for (const id of waiting) {
    const ended = await eventually(
      20_000,
      () => mended.request('GET', `/v1/transactions/${id}`, { auth: world.partner }),
      (answer) => at(answer.body, 'status') !== 'pending',
    );
    expect(at(ended.body, 'status')).toBe('succeeded');
  }
  await mended.stop();
}, 90_000);
