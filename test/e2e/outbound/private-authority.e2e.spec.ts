import { textAt } from '../../support/http.js';
import { startLatcomStub, type LatcomStub } from '../../support/latcom-stub.js';
import { PRIVATE_CA, startTlsFront, type TlsFront } from '../../support/tls-provider.js';
import { eventually } from '../../support/wait.js';
import { startWorld, topup, type World } from '../../support/world.js';

let stub: LatcomStub;
let front: TlsFront;

beforeEach(async () => {
  stub = await startLatcomStub();
  front = await startTlsFront(stub.port);
});

afterEach(async () => {
  front.close();
  await stub.close();
});

function startWith(env: Record<string, string>): Promise<World> {
  return startWorld({ gateway: { LATCOM_BASE_URL: `https://localhost:${front.port}/api/distributor`, ...env } });
}

async function buy(world: World): Promise<string> {
  const { body } = await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=5' });
  return textAt(body, 'status');
}

it('a provider with an untrusted private authority gets no request, and the top-up stays pending', async () => {
  const world = await startWith({});
  expect(await buy(world)).toBe('pending');
  const text = await eventually(
    10_000,
    async () => String((await world.gateway().request('GET', '/metrics')).body),
    (metrics) => /gateway_alarms_total\{kind="provider_tls"\} [1-9]/.test(metrics),
  );
  expect(text).not.toMatch(/gateway_unknown_transactions\{provider="latcom"\} [1-9]/);
  expect(world.gateway().output()).toContain('"reason":"unable_to_verify_leaf_signature"');
  expect(front.accepted).toBe(0);
  expect(stub.arrived.size).toBe(0);
}, 60_000);

it('a provider with a private authority is called when NODE_EXTRA_CA_CERTS names it', async () => {
  const world = await startWith({ NODE_EXTRA_CA_CERTS: PRIVATE_CA });
  expect(await buy(world)).toBe('succeeded');
  expect(stub.arrived.size).toBe(1);
}, 60_000);

it('a gateway does not start with a NODE_EXTRA_CA_CERTS that Node would ignore', async () => {
  await expect(startWith({ NODE_EXTRA_CA_CERTS: '/nowhere/ca.crt' })).rejects.toThrow(
    /code 78.*NODE_EXTRA_CA_CERTS names a file that is unreadable/s,
  );
}, 60_000);
