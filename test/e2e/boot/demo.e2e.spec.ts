import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ADMIN } from '../../support/gateway.js';
import { startWorld, type World } from '../../support/world.js';

/* What `npm run demo` prints, beside a gateway with a sandbox. */

const DEMO = join(import.meta.dirname, '..', '..', '..', 'scripts', 'demo.mjs');
const folder = mkdtempSync(join(tmpdir(), 'demo-'));

let world: World;

beforeAll(async () => {
  world = await startWorld();
  const { username: keyId, password: secret } = world.partner;
  writeFileSync(join(folder, 'credentials.json'), JSON.stringify({ operator: ADMIN, app: { keyId, secret } }));
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true }));

/** Resolves only when the demo ended with code 0. */
async function demo(sandboxUrl: string): Promise<string> {
  const env = { ...process.env, GATEWAY_URL: world.gateway().url, SANDBOX_URL: sandboxUrl, DATA_DIR: folder };
  return (await promisify(execFile)(process.execPath, [DEMO], { env })).stdout;
}

/** The rows of the table of webhooks: receiver, id, verified, duplicate, answer. */
function webhooks(output: string): string[][] {
  const row =
    /'(demo[a-z-]*)'.*'(evt_[0-9a-f-]{36})'.*'transaction\.succeeded'\D*?(true|false)\D*?(true|false)\D*?(\d+)/g;
  return [...output.matchAll(row)].map((match) => match.slice(1));
}

// Twice: the second run replaces what the first one registered.
it.each(['first', 'second'])(
  'the %s run shows signed events, and one that was sent again after a 503',
  async () => {
    const output = await demo(world.sandbox.url);
    const rows = webhooks(output);
    expect(rows.filter(([name]) => name === 'demo').map(([, , ...rest]) => rest)).toEqual(
      Array.from({ length: 3 }, () => ['true', 'false', '204']),
    );
    const recovering = rows.filter(([name]) => name === 'demo-recovers');
    const failed = recovering.find((row) => row.at(-1) === '503');
    const again = recovering.find(([, id, , isDuplicate]) => id === failed?.[1] && isDuplicate === 'true');
    expect([failed?.slice(2), again?.slice(2)]).toEqual([
      ['true', 'false', '503'],
      ['true', 'true', '204'],
    ]);
    expect(output).toContain('The ledger');
    const endpoints = await world.call('GET', '/v1/webhook-endpoints');
    expect(endpoints.body).toMatchObject({ data: [{ description: 'npm run demo' }, { description: 'npm run demo' }] });
  },
  60_000,
);

it('without a sandbox it shows the ledger alone, and says why', async () => {
  const output = await demo('http://127.0.0.1:1');
  expect(output).toContain('No sandbox answers at http://127.0.0.1:1');
  expect(output).toContain('The ledger');
}, 60_000);
