import { createDatabase } from '../../support/database.js';
import { ADMIN, startGateway, type Gateway } from '../../support/gateway.js';
import { OTHER_CA, SERVER_CA, startTlsDoor, type TlsDoor } from '../../support/tls-postgres.js';

let door: TlsDoor;
let url: URL;

beforeAll(async () => {
  const database = await createDatabase();
  door = await startTlsDoor(database.url);
  url = new URL(database.url);
  url.hostname = 'localhost';
  url.port = String(door.port);
});

afterAll(() => door.close());

function start(parameters: Readonly<Record<string, string>>, host = 'localhost'): Promise<Gateway> {
  const target = new URL(url);
  target.hostname = host;
  for (const [name, value] of Object.entries(parameters)) target.searchParams.set(name, value);
  return startGateway({ databaseUrl: target.href });
}

it.each(['verify-full', 'require'])(
  'with sslmode=%s the gateway connects to its database by TLS only',
  async (sslmode) => {
    const before = { ...door.counts };
    const gateway = await start({ sslmode, sslrootcert: SERVER_CA });
    expect((await gateway.request('GET', '/v1/admin/apps', { auth: ADMIN })).status).toBe(200);
    await gateway.stop();
    expect(door.counts.encrypted).toBeGreaterThan(before.encrypted);
    expect(door.counts.plain).toBe(before.plain);
  },
);

it.each([
  ['an authority that has not signed its certificate', { sslmode: 'verify-full', sslrootcert: OTHER_CA }, 'localhost'],
  ['authorities of the public alone', { sslmode: 'require' }, 'localhost'],
  ['another name', { sslmode: 'verify-full', sslrootcert: SERVER_CA }, '127.0.0.1'],
  ['no TLS', {}, 'localhost'],
])(
  'the gateway does not start with %s',
  async (_what, parameters, host) => {
    const before = door.counts.encrypted;
    await expect(start(parameters, host)).rejects.toThrow(/migrate its database/);
    // Without TLS there is no handshake. With TLS there are only the few attempts whose certificate the gateway refuses.
    expect(door.counts.encrypted - before).toBeLessThanOrEqual('sslmode' in parameters ? 5 : 0);
  },
  30_000,
);
