import { MAGIC } from '../support/magic.js';
import { LatcomClient, newId } from './sandbox-clients.js';
import { at, SandboxProcess } from './sandbox-process.js';

const PHONE = '5537686660';
const LATCOM = MAGIC.latcom;

let sandbox: SandboxProcess;
let latcom: LatcomClient;

beforeAll(async () => {
  sandbox = await SandboxProcess.start();
  latcom = await new LatcomClient(sandbox).login();
});

afterAll(() => SandboxProcess.endAll());

describe('the simulated LATCOM', () => {
  const approved = { success: true, response_code: '00', response_message: 'Aprobado' };

  it('sells in pesos and reduces its balance in dollars, exactly', async () => {
    const before = await latcom.balance();
    expect(before.text).toMatch(/"currency":"USD".*"balance":\d+\.\d\d\}$/);
    const bought = await latcom.buy(PHONE, newId());
    expect(bought).toMatchObject({ status: 200, body: approved });
    expect(at(bought.body, 'reference')).toMatch(/^RRN-\d{12}$/);
    const spentCents = Math.round(
      (Number(at(before.body, 'balance')) - Number(at(bought.body, 'balance_after'))) * 100,
    );
    expect([58, 59]).toContain(spentCents);
    expect((await latcom.balance()).text).toContain(/"balance_after":([\d.]+)/.exec(bought.text)?.[1]);
  });

  it('sells an added product until the sandbox is reset', async () => {
    const added = { productId: 'TELCEL_50', operator: 'TELCEL', minPesos: 50, maxPesos: 60 };
    const buy = async (changes: object): Promise<unknown> => {
      const seen = await latcom.buy(PHONE, newId(), { product_id: 'TELCEL_50', amount: 50, ...changes });
      return at(seen.body, 'response_code');
    };
    expect(await buy({})).toBe('14');
    const listed = await sandbox.send('POST', '/_sandbox/products', {}, added);
    expect(at(listed.body, 'products', 11)).toEqual(added);
    expect((await sandbox.get('/_sandbox/products')).body).toEqual(listed.body);
    expect(await buy({})).toBe('00');
    expect(await buy({ operator: 'TELCEL', amount: 60 })).toBe('00');
    expect(await buy({ operator: 'MOVISTAR' })).toBe('12');
    expect(await buy({ amount: 61 })).toBe('13');
    expect((await sandbox.send('POST', '/_sandbox/products', {}, { ...added, minPesos: '50' })).status).toBe(400);
    await sandbox.send('POST', '/_sandbox/reset', {}, {});
    expect(await buy({})).toBe('14');
  });

  it('executes the same id again', async () => {
    const id = newId();
    expect((await latcom.buy(LATCOM.executedAnswerLost, id)).status).toBe(0);
    expect((await latcom.buy(PHONE, id)).body).toMatchObject(approved);
    const one = { key: id, quantity: { value: '10.00', unit: 'MXN' } };
    expect(await sandbox.effects(id)).toMatchObject([one, one]);
  });

  it.each([
    ['an unknown member of the body', { reference: 'x' }, undefined],
    ['an amount as text', { amount: '10' }, undefined],
    ['a wrong amount', { amount: 9 }, '13'],
    ['another price than the package has', { product_id: 'MOVISTAR_PAQUETE_16', amount: 16 }, '13'],
    ['an unknown product', { product_id: 'TELCEL' }, '14'],
    ['a number with its country code', { phone_number: '+525537686660' }, '83'],
  ])('refuses %s', async (_what, changes, code) => {
    const id = newId();
    const seen = await latcom.buy(PHONE, id, changes);
    expect([seen.status, at(seen.body, 'success'), at(seen.body, 'response_code')]).toEqual([400, false, code]);
    expect(await sandbox.effects(id)).toEqual([]);
  });

  it.each([
    ['declinedNotAuthorized', LATCOM.declinedNotAuthorized, 400, '05', 0],
    ['declinedInvalidTransaction', LATCOM.declinedInvalidTransaction, 400, '12', 0],
    ['declinedInvalidAmount', LATCOM.declinedInvalidAmount, 400, '13', 0],
    ['declinedInvalidPackage', LATCOM.declinedInvalidPackage, 400, '14', 0],
    ['declinedInsufficientFunds', LATCOM.declinedInsufficientFunds, 402, '51', 0],
    ['declinedInvalidPhone', LATCOM.declinedInvalidPhone, 400, '83', 0],
    ['issuerUnavailable', LATCOM.issuerUnavailable, 500, '91', 0],
    ['systemError', LATCOM.systemError, 500, '96', 0],
    ['undocumentedCode', LATCOM.undocumentedCode, 400, '77', 0],
    ['declinedNotAuthorizedWith200', LATCOM.declinedNotAuthorizedWith200, 200, '05', 0],
    ['issuerUnavailableWith200', LATCOM.issuerUnavailableWith200, 200, '91', 0],
    ['executedIssuerUnavailable', LATCOM.executedIssuerUnavailable, 500, '91', 1],
    ['refusedWithoutCode 200', LATCOM.refusedWithoutCode[200], 200, undefined, 0],
    ['refusedWithoutCode 402', LATCOM.refusedWithoutCode[402], 402, undefined, 0],
  ])(
    'declines the magic phone number "%s" (%s) with status %i, code %s and %i effects',
    async (_name, phoneNumber, status, code, effects) => {
      const id = newId();
      const seen = await latcom.buy(phoneNumber, id);
      expect([seen.status, at(seen.body, 'success'), at(seen.body, 'response_code')]).toEqual([status, false, code]);
      expect(await sandbox.effects(id)).toHaveLength(effects);
    },
  );

  it.each([
    ['tokenRefusedOnce', LATCOM.tokenRefusedOnce, 401, 0],
    ['tooManyRequestsOnce', LATCOM.tooManyRequestsOnce, 429, 0],
    ['serverError', LATCOM.serverError, 500, 0],
    ['executedServerError', LATCOM.executedServerError, 500, 1],
    ['html', LATCOM.html, 200, 0],
    ['notExecutedAnswerLost', LATCOM.notExecutedAnswerLost, 0, 0],
    ['executedNeverAnswered', LATCOM.executedNeverAnswered, 0, 1],
    ['executedAnsweredAfter8Seconds', LATCOM.executedAnsweredAfter8Seconds, 0, 1],
    ['executedAnswerTruncated', LATCOM.executedAnswerTruncated, 0, 1],
    ['executedAnswerDrips', LATCOM.executedAnswerDrips, 0, 1],
    ['executedEmptyAnswer', LATCOM.executedEmptyAnswer, 204, 1],
  ])(
    'answers the magic phone number "%s" (%s) with %i after %i effects',
    async (_name, phoneNumber, status, effects) => {
      const id = newId();
      const seen = await latcom.buy(phoneNumber, id);
      expect([seen.status, at(seen.body, 'transaction_id')]).toEqual([status, undefined]);
      expect(await sandbox.effects(id)).toHaveLength(effects);
    },
  );

  it('can give answers that contradict themselves or the request', async () => {
    const id = newId();
    expect((await latcom.buy(LATCOM.executedApprovedWithCode05, id)).body).toMatchObject({
      success: true,
      response_code: '05',
    });
    expect((await latcom.buy(LATCOM.executedRefusedWithCode00, id)).body).toMatchObject({
      success: false,
      response_code: '00',
    });
    expect(at((await latcom.buy(LATCOM.executedUnderAnotherId, id)).body, 'distributor_transaction_id')).not.toBe(id);
    expect(await sandbox.effects(id)).toHaveLength(3);
  });
});
