import { ProviderError } from '../../src/connector/connector.js';
import {
  purchaseBody,
  readBalanceAfter,
  readBalanceReply,
  readPurchaseReply,
} from '../../src/providers/latcom/topups/topup.mapping.js';
import { judgeToken } from '../../src/providers/latcom/errors.js';
import { readPhoneNumber } from '../../src/providers/latcom/topups/phone-number.js';

const ID = '019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11';

function verdict(status: number, body: unknown): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  try {
    const outcome = readPurchaseReply({ status, headers: {}, body: text }, ID);
    return outcome.kind === 'declined'
      ? `declined ${outcome.failure.code} (${outcome.failure.category})`
      : outcome.kind;
  } catch (error) {
    return error instanceof ProviderError ? `${error.kind}: ${error.reason}` : 'another error';
  }
}

const APPROVED = { success: true, transaction_id: 'TXN-1', distributor_transaction_id: ID, response_code: '00' };
const declined = (code: string): object => ({ success: false, error: 'no', response_code: code });

describe('the answer to a purchase at LATCOM', () => {
  it.each([
    [200, APPROVED, 'succeeded'],
    [201, APPROVED, 'succeeded'],
    [200, { ...APPROVED, balance_after: 1e400 }, 'succeeded'],
    [200, declined('05'), 'declined not_authorized (configuration)'],
    [400, declined('12'), 'declined invalid_transaction (configuration)'],
    [400, declined('13'), 'declined invalid_amount (request)'],
    [400, declined('14'), 'declined invalid_package (request)'],
    [402, declined('51'), 'declined insufficient_funds (funds)'],
    [200, declined('51'), 'declined insufficient_funds (funds)'],
    [400, declined('83'), 'declined invalid_phone_number (request)'],
    [400, { success: false, error: 'Missing amount' }, 'declined refused_by_provider (request)'],
    [402, { success: false, error: 'Insufficient balance' }, 'declined insufficient_funds (funds)'],
    [200, declined('91'), 'doubtful: doubtful_code'],
    [400, declined('96'), 'doubtful: doubtful_code'],
    [400, declined('77'), 'doubtful: doubtful_code'],
    [500, declined('05'), 'doubtful: server_error'],
    [500, declined('96'), 'doubtful: server_error'],
    [503, '<html>busy</html>', 'doubtful: unreadable_answer'],
    [200, '<html>busy</html>', 'doubtful: unreadable_answer'],
    [200, '', 'doubtful: unreadable_answer'],
    [200, JSON.stringify(APPROVED).slice(0, -5), 'doubtful: unreadable_answer'],
    [500, APPROVED, 'doubtful: contradictory_answer'],
    [200, { ...APPROVED, response_code: '05' }, 'doubtful: contradictory_answer'],
    [200, { ...APPROVED, response_code: undefined }, 'doubtful: contradictory_answer'],
    [200, { ...APPROVED, success: 'true' }, 'doubtful: contradictory_answer'],
    [200, { success: false, response_code: '00' }, 'doubtful: contradictory_answer'],
    [200, { ...APPROVED, distributor_transaction_id: 'another' }, 'doubtful: answer_for_another_purchase'],
    [404, { success: false, error: 'Not found' }, 'doubtful: doubtful_code'],
    [400, { success: false }, 'doubtful: doubtful_code'],
    [400, { message: 'Bad Request' }, 'doubtful: refused_by_edge'],
    [402, '<html>Payment Required</html>', 'doubtful: refused_by_edge'],
    [403, { message: 'Forbidden' }, 'doubtful: refused_by_edge'],
    [404, { status: 'error', code: 404, message: 'Application not found' }, 'doubtful: refused_by_edge'],
    [413, '', 'doubtful: refused_by_edge'],
    [200, { ...APPROVED, response_code: 0 }, 'doubtful: contradictory_answer'],
    [200, { ...APPROVED, balance_after: 'x' }, 'succeeded'],
    [200, JSON.stringify(APPROVED).replace('}', ',"balance_after":1,"balance_after":2}'), 'succeeded'],
    [200, JSON.stringify(APPROVED).replace('}', ',"success":false}'), 'doubtful: contradictory_answer'],
    [200, JSON.stringify(APPROVED).replace('}', ',"response_code":"05"}'), 'doubtful: contradictory_answer'],
  ])('%i %j is read as %s', (status, body, expected) => {
    expect(verdict(status, body)).toBe(expected);
  });

  it('contains the receipt for the caller', () => {
    const body = JSON.stringify({ ...APPROVED, reference: 'RRN-1', auth_code: 'A1' });
    expect(readPurchaseReply({ status: 200, headers: {}, body: `\uFEFF${body}` }, ID)).toEqual({
      kind: 'succeeded',
      providerReference: 'TXN-1',
      detail: { authCode: 'A1', rrn: 'RRN-1' },
    });
  });
});

it('a receipt that comes as numbers keeps all its digits', () => {
  const body =
    `{"success":true,"response_code":"00","distributor_transaction_id":"${ID}",` +
    '"transaction_id":90071992547409931,"reference":123456789012345678,"auth_code":9007199254740993}';
  expect(readPurchaseReply({ status: 200, headers: {}, body }, ID)).toEqual({
    kind: 'succeeded',
    providerReference: '90071992547409931',
    detail: { authCode: '9007199254740993', rrn: '123456789012345678' },
  });
});

it.each([
  [401, { success: false, error: 'no' }, 'refused'],
  [401, { message: 'Unauthorized' }, 'refused'],
  [401, '', 'refused'],
  [403, { success: false, error: 'Token expired' }, 'refused'],
  [403, { success: false, error: 'Invalid authentication credentials' }, 'refused'],
  // Not about the token: a response code shows that LATCOM processed the request, and `Forbidden` names no credentials.
  [403, { success: false, error: 'Token expired', response_code: '05' }, 'accepted'],
  [403, { success: false, error: 'Forbidden' }, 'accepted'],
  [403, { message: 'Forbidden' }, 'suspect'],
  [403, '<html>Access Denied</html>', 'suspect'],
  [400, { success: false, error: 'Token expired' }, 'accepted'],
  [200, APPROVED, 'accepted'],
])('after the answer %i %j of LATCOM the token is %s', (status, body, expected) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  expect(judgeToken({ status, headers: {}, body: text })).toBe(expected);
});

it('a purchase is sent to LATCOM as documented', () => {
  const body = purchaseBody({
    transactionId: ID,
    phoneNumber: '5537686660',
    productId: 'MOVISTAR_TAE',
    pesos: 10,
    operator: 'MOVISTAR',
  });
  expect(body).toBe(
    `{"distributor_transaction_id":"${ID}","phone_number":"5537686660","product_id":"MOVISTAR_TAE","amount":10,"operator":"MOVISTAR"}`,
  );
});

describe('a Mexican phone number', () => {
  it.each(['5537686660', '+525537686660'])('%j is read', (text) => {
    expect(readPhoneNumber(text)).toEqual({ national: '5537686660' });
  });

  it.each([
    ['+5215537686660', /omit the 1/],
    ['0445537686660', /without it/],
    ['0455537686660', /without it/],
    ['٥٥٣٧٦٨٦٦٦٠', /ten digits/],
    ['(55) 3768-6660', /ten digits/],
    ['55 3768 6660', /ten digits/],
    [' 5537686660', /ten digits/],
    ['5537686660\n', /ten digits/],
    ['553768666', /ten digits/],
    ['55376866600', /ten digits/],
    ['+15537686660', /ten digits/],
    ['', /ten digits/],
    ['8001234567', /not a Mexican mobile/],
    ['0000000000', /not a Mexican mobile/],
    ['1234567890', /not a Mexican mobile/],
  ])('%j is refused with a hint', (text, hint) => {
    expect(readPhoneNumber(text)).toEqual({ error: expect.stringMatching(hint) });
  });
});

describe('the balance at LATCOM', () => {
  const after = (digits: string): unknown => {
    const reading = readBalanceAfter({
      status: 200,
      headers: {},
      body: `{"success":true,"balance_after": ${digits} }`,
    });
    return typeof reading === 'string' ? reading : reading.balance;
  };

  it.each([
    ['990', '990.00'],
    ['990.10', '990.10'],
    ['"990.10"', '990.10'],
    ['" 990.10 "', '990.10'],
    ['-0.01', '-0.01'],
    ['123456789012.123456789', '123456789012.1235'],
    ['998.8399999999999', '998.84'],
    ['1e3', '1000.00'],
    ['"1,234.56"', 'unreadable'],
    ['"12 345.67"', 'unreadable'],
    ['"1.234,56"', 'unreadable'],
    ['"1,234"', 'unreadable'],
    ['"$5"', 'unreadable'],
    ['"5 USD"', 'unreadable'],
    ['"NaN"', 'unreadable'],
    ['"Infinity"', 'unreadable'],
    ['"\uff11\uff12"', 'unreadable'],
    ['"٥"', 'unreadable'],
    ['""', 'unreadable'],
    ['true', 'unreadable'],
    ['[1]', 'unreadable'],
    ['1e400', 'unreadable'],
    ['9007199254740993', 'unreadable'],
    ['"x"', 'unreadable'],
    ['{"balance_after":1}', 'unreadable'],
    ['1,"balance_after":2', 'unreadable'],
    ['1,"balance_after":1', '1.00'],
    ['null', 'absent'],
    ['1', '1.00'],
  ])('%s in the answer to a purchase is read as %j, exact to four places', (digits, expected) => {
    expect(after(digits)).toBe(expected);
  });

  it('may be absent from the answer to a purchase', () => {
    expect(readBalanceAfter({ status: 200, headers: {}, body: '{"success":true}' })).toBe('absent');
  });

  const asked = (body: string, status = 200): unknown => {
    try {
      return readBalanceReply({ status, headers: {}, body });
    } catch (error) {
      return error instanceof ProviderError ? error.reason : error;
    }
  };

  it.each([
    [
      '{"success":true,"balance":1000.00,"currency":"USD","last_updated":"x"}',
      200,
      { balance: '1000.00', currency: 'USD' },
    ],
    ['{"success":true,"balance":0}', 200, { balance: '0.00', currency: null }],
    ['{"success":true,"balance":"12,345.67"}', 200, 'unreadable_balance'],
    ['{"success":true,"balance":null}', 200, 'unreadable_balance'],
    ['{"success":true,"balance":true}', 200, 'unreadable_balance'],
    ['{"success":true,"balance":1,"balance":2}', 200, 'unreadable_balance'],
    ['{"success":true}', 200, 'unreadable_balance'],
    ['{"success":false,"balance":0}', 200, 'unreadable_answer'],
    ['{"success":true,"balance":1', 200, 'unreadable_answer'],
    ['<html>', 200, 'unreadable_answer'],
    ['{"success":true,"balance":1}', 500, 'server_error'],
    ['{"success":false,"error":"no"}', 403, 'balance_refused'],
    ['{"message":"Forbidden"}', 403, 'refused_by_edge'],
  ])('in the answer %s with HTTP %i is read as %j', (body, status, expected) => {
    expect(asked(body, status)).toEqual(expected);
  });
});
