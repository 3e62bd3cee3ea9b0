import { CREDENTIALS } from '../../src/sandbox/loyalty-layer/credentials.js';
import { MAGIC } from '../support/magic.js';
import { holder, LoyaltyLayerClient } from './sandbox-clients.js';
import { at, SandboxProcess } from './sandbox-process.js';

let sandbox: SandboxProcess;
let loyaltyLayer: LoyaltyLayerClient;

beforeAll(async () => {
  sandbox = await SandboxProcess.start({ SANDBOX_REQUESTS_PER_MINUTE: '1000' });
  loyaltyLayer = await new LoyaltyLayerClient(sandbox).login();
});

afterAll(() => SandboxProcess.endAll());

describe('the simulated LoyaltyLayer', () => {
  it('distinguishes the three kinds of 401', async () => {
    expect(await loyaltyLayer.token()).toMatchObject({ status: 200, body: { expires_in: 1800 } });
    expect(await loyaltyLayer.token('wrong')).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    const other = new LoyaltyLayerClient(sandbox);
    expect(await other.create('LOUNGE-BASIC', 'a@example.com')).toMatchObject({
      status: 401,
      body: { error: 'unauthorized' },
    });
    other.headers = { authorization: 'Bearer unknown' };
    expect(await other.create('LOUNGE-BASIC', 'a@example.com')).toMatchObject({
      status: 401,
      body: { error: 'invalid_token' },
    });
  });

  it('issues a new pass for each create, and requires an enrol_token when the plan does', async () => {
    const token = CREDENTIALS.mockEnrolToken;
    const first = await loyaltyLayer.create('PP-LOUNGE', 'twice@example.com', token);
    const second = await loyaltyLayer.create('PP-LOUNGE', 'twice@example.com', token);
    expect([first.status, typeof at(first.body, 'dmc_qr_data')]).toEqual([200, 'string']);
    expect(at(first.body, 'pass_id')).not.toEqual(at(second.body, 'pass_id'));
    expect(await sandbox.effects('PP-LOUNGE twice@example.com')).toHaveLength(2);
    for (const bad of [undefined, 'invalid-1', 'enrol_never-issued']) {
      const seen = await loyaltyLayer.create('PP-LOUNGE', 'none@example.com', bad);
      expect(seen).toMatchObject({ status: 400, body: { error: 'invalid_enrol_token', code: 400 } });
    }
    expect((await loyaltyLayer.create('NO-SUCH-PLAN', 'none@example.com')).status).toBe(400);
    expect(await sandbox.effects('PP-LOUNGE none@example.com')).toEqual([]);
  });

  it('refuses unknown holder details', async () => {
    const body = { plan_id: 'LOUNGE-BASIC', holder: { ...holder('strict@example.com'), nick: 'A' } };
    expect(await loyaltyLayer.call('pass/create', body)).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
    expect(await sandbox.effects('LOUNGE-BASIC strict@example.com')).toEqual([]);
  });

  it.each([
    ['gatewayTimeout', 504, 0],
    ['serverError', 500, 0],
    ['executedGatewayTimeout', 504, 1],
    ['notExecutedAnswerLost', 0, 0],
    ['executedAnswerLost', 0, 1],
    ['executedNeverAnswered', 0, 1],
    ['html', 200, 0],
    ['executedAnswerTruncated', 0, 1],
    ['tooManyRequestsOnce', 429, 0],
    ['tokenRefusedOnce', 401, 0],
  ] as const)('answers a create for the magic plan "%s" with %i after %i effects', async (name, status, effects) => {
    const plan = MAGIC.loyaltyLayer[name];
    expect((await loyaltyLayer.create(plan, 'a@example.com')).status).toBe(status);
    expect(await sandbox.effects(`${plan} a@example.com`)).toHaveLength(effects);
  });

  it('updates a pass and cancels it once', async () => {
    const pass_id = at((await loyaltyLayer.create('ESIM-MX-5GB', 'life@example.com')).body, 'pass_id');
    expect((await loyaltyLayer.call('pass/update', { pass_id, holder: { phone: '123' } })).status).toBe(200);
    expect((await loyaltyLayer.call('pass/cancel', { pass_id })).status).toBe(200);
    const again = { status: 409, body: { error_description: `Pass ${String(pass_id)} is already cancelled.` } };
    expect(await loyaltyLayer.call('pass/cancel', { pass_id })).toMatchObject(again);
    expect(await loyaltyLayer.call('pass/status', { pass_id })).toMatchObject({ body: { status: 'cancelled' } });
    const kinds = [{ kind: 'pass-create' }, { kind: 'pass-update' }, { kind: 'pass-cancel' }];
    expect(await sandbox.effects('ESIM-MX-5GB life@example.com')).toMatchObject(kinds);
    expect((await loyaltyLayer.call('pass/status', { pass_id: 'none' })).status).toBe(404);
  });

  it('answers a batch item by item, with one missing, one too many, or reversed', async () => {
    const batch = async (...suffixes: string[]): Promise<unknown> => {
      const passes = suffixes.map((suffix) => ({
        plan_id: `LOUNGE-BASIC${suffix}`,
        holder: holder('batch@example.com'),
      }));
      return at((await loyaltyLayer.call('pass/batch-create', { passes })).body, 'results');
    };
    const item = (index: number, success = true): unknown => expect.objectContaining({ index, success });
    expect(await batch('', '-UNKNOWN', '-BATCH-MISSING', '-504-AFTER')).toEqual([
      item(0),
      item(1, false),
      item(3, false),
    ]);
    expect(await sandbox.effects('LOUNGE-BASIC-BATCH-MISSING batch@example.com')).toHaveLength(1);
    expect(await sandbox.effects('LOUNGE-BASIC-504-AFTER batch@example.com')).toHaveLength(1);
    expect(await batch('-BATCH-SURPLUS')).toEqual([item(0), item(1)]);
    expect(await batch('', '-BATCH-REORDER')).toEqual([item(1), item(0)]);
    expect(await batch('', '-BATCH-TIMEOUT')).toBeUndefined();
    expect(await sandbox.effects('LOUNGE-BASIC-BATCH-TIMEOUT batch@example.com')).toHaveLength(1);
  });
});
