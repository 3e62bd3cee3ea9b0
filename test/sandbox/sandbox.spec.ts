import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MAGIC } from '../support/magic.js';
import { LatamPassClient, LatcomClient, LoyaltyLayerClient, newId } from './sandbox-clients.js';
import { at, SandboxProcess } from './sandbox-process.js';
import { Receiver } from './sandbox-receiver.js';

const FFN = '12345678912';
const PHONE = '5537686660';

const receiver = new Receiver();
let notify: Record<string, string>;
let sandbox: SandboxProcess;
let latcom: LatcomClient;

beforeAll(async () => {
  notify = await receiver.listen();
  sandbox = await SandboxProcess.start();
  latcom = await new LatcomClient(sandbox).login();
});

afterAll(async () => {
  await SandboxProcess.endAll();
  await receiver.close();
});

describe('the control surface of the sandbox', () => {
  afterEach(() => sandbox.request('DELETE', '/_sandbox/faults', {}));

  it('orders a fault for one operation a given number of times', async () => {
    await sandbox.send(
      'POST',
      '/_sandbox/faults',
      {},
      { provider: 'latcom', operation: 'purchase', fault: 'drop-after', times: 1 },
    );
    const id = newId();
    expect((await latcom.balance()).status).toBe(200);
    expect((await latcom.buy(PHONE, id)).status).toBe(0);
    expect(await sandbox.effects(id)).toHaveLength(1);
    expect((await latcom.buy(PHONE, newId())).status).toBe(200);
    const bad = await sandbox.send(
      'POST',
      '/_sandbox/faults',
      {},
      { provider: 'latcom', operation: 'purchase', fault: 'x' },
    );
    expect(bad.status).toBe(400);
  });

  it('gives the same random faults for the same seed', async () => {
    const pattern = async (seed: number): Promise<number[]> => {
      await sandbox.request('DELETE', '/_sandbox/faults', {});
      const rule = { provider: 'latcom', operation: 'balance', fault: 'status-503', probability: 0.5, seed };
      await sandbox.send('POST', '/_sandbox/faults', {}, rule);
      const seen: number[] = [];
      for (let i = 0; i < 20; i += 1) seen.push((await latcom.balance()).status);
      return seen;
    };
    const first = await pattern(7);
    expect(new Set(first)).toEqual(new Set([200, 503]));
    expect(await pattern(7)).toEqual(first);
    expect(await pattern(8)).not.toEqual(first);
  });

  it('returns the received calls unchanged', async () => {
    const id = newId();
    await latcom.buy(PHONE, id);
    const calls = at((await sandbox.get('/_sandbox/calls?provider=latcom&operation=purchase')).body, 'calls');
    const last = Array.isArray(calls) ? at(calls, calls.length - 1) : undefined;
    expect(last).toMatchObject({
      method: 'POST',
      path: '/latcom/api/distributor/product_purchase',
      headers: latcom.headers,
    });
    expect(JSON.parse(String(at(last, 'body')))).toMatchObject({ distributor_transaction_id: id, amount: 10 });
  });
});

describe('a sandbox in a process of its own', () => {
  it('blocks and counts an address that exceeds its limit', async () => {
    const small = await SandboxProcess.start({ SANDBOX_REQUESTS_PER_MINUTE: '3', SANDBOX_BLOCK_MS: '400' });
    const client = await new LoyaltyLayerClient(small).login();
    const tries: unknown[] = [];
    for (let i = 0; i < 4; i += 1) tries.push((await client.create('LOUNGE-BASIC', 'a@example.com')).status);
    expect(tries).toEqual([200, 200, 429, 429]);
    expect(await client.token()).toMatchObject({ status: 429, body: { error: 'rate_limit_exceeded', retry_after: 1 } });
    expect(await small.counters()).toMatchObject({ loyaltyLayer: { logins: 1, violations: 1, blockedRequests: 2 } });
    await sleep(450);
    expect((await client.create('LOUNGE-BASIC', 'a@example.com')).status).toBe(200);
    expect(await small.effects('LOUNGE-BASIC a@example.com')).toHaveLength(3);
    expect(await small.end()).toBe(0);
  });

  it('remembers its state after SIGKILL and delivers pending notifications', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sandbox-'));
    const environment = {
      ...notify,
      SANDBOX_JOURNAL: join(folder, 'journal.jsonl'),
      SANDBOX_FLOAT_USD: '1.00',
    };
    const first = await SandboxProcess.start({ ...environment, SANDBOX_ACCRUAL_DELAY_MS: '600,600' });
    const id = newId();
    const accepted = await (await new LatamPassClient(first).login()).accrue(FFN, id);
    const correlationId = String(at(accepted.body, 'correlationId'));
    const shop = await new LatcomClient(first).login();
    expect((await shop.buy(MAGIC.latcom.executedAnswerLost, id)).status).toBe(0);
    await first.end('SIGKILL');
    expect(receiver.about(correlationId)).toEqual([]);

    const second = await SandboxProcess.start(environment);
    await receiver.until(correlationId, 1);
    expect(await second.effects(id)).toMatchObject([{ provider: 'latam-pass' }, { provider: 'latcom' }]);
    expect(await second.counters()).toMatchObject({ latcom: { logins: 1, balance: '0.41' } });
    const later = new LatcomClient(second);
    later.headers = shop.headers;
    expect((await later.balance()).status).toBe(401);
    expect(await (await later.login()).buy(PHONE, newId())).toMatchObject({
      status: 402,
      body: { response_code: '51' },
    });
    const again = await (await new LatamPassClient(second).login()).accrue(FFN, id);
    expect([again.status, at(again.body, 'message')]).toEqual([400, expect.stringContaining('Duplicate')]);
    await second.end();
    rmSync(folder, { recursive: true });
  });

  it('names every bad variable and exits with 78', async () => {
    const { code, stderr } = await SandboxProcess.fail({ SANDBOX_PORT: 'x', SANDBOX_ACCRUAL_DELAY_MS: '9,1' });
    expect([code, stderr]).toEqual([78, expect.stringMatching(/SANDBOX_PORT[^]*SANDBOX_ACCRUAL_DELAY_MS/)]);
  });
});
