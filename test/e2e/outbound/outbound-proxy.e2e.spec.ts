import { startConnectProxy, type ConnectProxy } from '../../support/connect-proxy.js';
import { textAt } from '../../support/http.js';
import { answer, approval, startLatcomStub, type LatcomStub } from '../../support/latcom-stub.js';
import { PRIVATE_CA, startTlsFront, type TlsFront } from '../../support/tls-provider.js';
import { eventually } from '../../support/wait.js';
import { startWorld, topup, type World } from '../../support/world.js';

const PASSWORD = 'password-of-the-proxy';
const BASIC = Buffer.from(`gateway:${PASSWORD}`).toString('base64');

let stub: LatcomStub;
let front: TlsFront;
let proxy: ConnectProxy;
let world: World;

beforeAll(async () => {
  stub = await startLatcomStub();
  front = await startTlsFront(stub.port);
  proxy = await startConnectProxy(front.port);
  // A URL on which no server listens. A client that used one of these variables would fail.
  const astray = 'http://127.0.0.1:9';
  world = await startWorld({
    gateway: {
      LATCOM_BASE_URL: 'https://provider.example/api/distributor',
      OUTBOUND_PROXY_URL: `http://gateway:${PASSWORD}@127.0.0.1:${proxy.port}`,
      NODE_EXTRA_CA_CERTS: PRIVATE_CA,
      ...{ HTTPS_PROXY: astray, HTTP_PROXY: astray, https_proxy: astray, ALL_PROXY: astray, NODE_USE_ENV_PROXY: '1' },
      NO_PROXY: 'elsewhere.example',
    },
  });
}, 60_000);

beforeEach(() => {
  proxy.behave = (socket) => proxy.tunnel(socket);
  stub.behave = ({ socket, body }) => void socket.end(answer(200, approval(body)));
});

afterAll(async () => {
  proxy.close();
  front.close();
  await stub.close();
});

const buy = async (): Promise<{ id: string; status: string }> => {
  const { body } = await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=8' });
  return { id: textAt(body, 'id'), status: textAt(body, 'status') };
};

async function statusOf(id: string): Promise<string> {
  return textAt((await world.call('GET', `/v1/transactions/${id}`)).body, 'status');
}

it('a top-up goes through the configured proxy alone, and providers on this machine do not use it', async () => {
  expect((await buy()).status).toBe('succeeded');
  expect(front.accepted).toBeGreaterThan(0);
  for (const head of proxy.heads) {
    expect(head).toMatch(/^CONNECT provider\.example:443 HTTP\/1\.1\r\n/);
    expect(head).toContain(`Basic ${BASIC}`);
  }
  expect(proxy.carried).not.toMatch(/access_token|purchase|Bearer/);
});

it('the start banner names the proxy, and never its user or password', () => {
  const output = world.gateway().output();
  expect(output).toContain(`Providers are reached through the proxy 127.0.0.1:${proxy.port}`);
  expect(output).toContain(`"proxy":"127.0.0.1:${proxy.port}"`);
  for (const secret of [PASSWORD, BASIC, 'gateway:', 'gateway@']) expect(output).not.toContain(secret);
});

it('a top-up that the proxy refuses is pending, with an alarm, and succeeds once the proxy lets it pass', async () => {
  const before = stub.arrived.size;
  proxy.behave = (socket) =>
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n');
  const { id, status } = await buy();
  expect(status).toBe('pending');
  const scrape = async (): Promise<string> => String((await world.gateway().request('GET', '/metrics')).body);
  const text = await scrape();
  expect(text).toMatch(/gateway_alarms_total\{kind="outbound_proxy"\} [1-9]/);
  expect(text).toMatch(/gateway_provider_calls_total\{.*outcome="proxy_refused_407"\} [1-9]/);
  expect(world.gateway().output()).toContain('"reason":"proxy_refused_407"');
  expect(world.gateway().output()).not.toContain(PASSWORD);
  expect(stub.arrived.size).toBe(before);
  proxy.behave = (socket) => proxy.tunnel(socket);
  await eventually(
    20_000,
    () => statusOf(id),
    (now) => now === 'succeeded',
  );
  expect([...stub.arrived.values()].every((times) => times === 1)).toBe(true);
});

it('a top-up whose tunnel is cut after the purchase was sent is unknown, and is never sent again', async () => {
  const before = stub.arrived.size;
  stub.behave = ({ socket }) => void socket.destroy();
  const { status } = await buy();
  expect(status).toBe('unknown');
  expect(stub.arrived.size).toBe(before + 1);
});
