import { readLogin } from '../../src/outbound/read-login.js';
import { ProviderError } from '../../src/connector/connector.js';
import { isOwnError as isLatamPass } from '../../src/providers/latam-pass/errors.js';
import { isOwnError as isLatcom } from '../../src/providers/latcom/errors.js';
import { isOwnError as isLoyaltyLayer } from '../../src/providers/loyalty-layer/errors.js';

const DAY_MS = 24 * 60 * 60_000;
const OWN = { 'latam-pass': isLatamPass, latcom: isLatcom, 'loyalty-layer': isLoyaltyLayer };

function told(status: number, body: unknown, provider: keyof typeof OWN = 'latcom'): unknown {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  try {
    return readLogin({ status, headers: {}, body: text }, OWN[provider]);
  } catch (error) {
    return error instanceof ProviderError ? `${error.kind}: ${error.reason}` : error;
  }
}

describe('the lifetime of a token', () => {
  it.each<[string, number | null]>([
    ['3600', 3_600_000],
    ['"3600"', 3_600_000],
    ['1800.5', 1_800_500],
    ['1e3', 1_000_000],
    ['86400', DAY_MS],
    ['99999999999', DAY_MS],
    ['99999999999999999999999', DAY_MS],
    ['1e400', DAY_MS],
    ['-3600', null],
    ['0', null],
    ['0.01', null],
    ['"one hour"', null],
    ['"3,600"', null],
    ['""', null],
    ['true', null],
    ['null', null],
  ])('is read from %s as %p ms', (seconds, expected) => {
    expect(told(200, `{"access_token":"t","expires_in":${seconds}}`)).toEqual({ token: 't', expiresInMs: expected });
  });
});

describe('a token from a login', () => {
  it.each(['abc', 'abc\n', 'abc\r\n', ' abc', '\tabc ', '\ufeffabc', 'abc\u2028'])(
    '%j is sent without blanks around it',
    (text) => {
      expect(told(200, { access_token: text })).toMatchObject({ token: 'abc' });
    },
  );

  it.each(['abc\u00e9', 'a b', 'a\nb', 'a\u0000b', '', ' ', 'a\ud800', null, {}, true])(
    '%j is refused, because no header can carry it',
    (text) => {
      expect(told(200, { access_token: text })).toBe('doubtful: token_unreadable');
    },
  );

  it('keeps its digits when it is a number', () => {
    expect(told(200, '{"access_token":90071992547409931}')).toMatchObject({ token: '90071992547409931' });
  });
});

it.each([503, 429, 403, 200])('a login that fails with %i carries the wait before the next one', (status) => {
  const waitsFor = (): unknown => {
    try {
      return readLogin({ status, headers: { 'retry-after': '120' }, body: '<p>Later</p>' }, isLatcom);
    } catch (error) {
      return error instanceof ProviderError ? (error.extras.retryAfterMs ?? null) : error;
    }
  };
  expect(waitsFor()).toBe(status === 200 ? null : 120_000);
});

describe('a login that is refused', () => {
  const CREDENTIALS = 'unauthorized: credentials_refused';
  const EDGE = 'doubtful: refused_by_edge';

  it.each<[keyof typeof OWN, number, unknown, string]>([
    ['latam-pass', 400, { result: 'failure', errors: [{ type: 'INVALID', message: 'x' }], status: 400 }, CREDENTIALS],
    ['latam-pass', 401, { code: 401, message: 'Invalid or expired token', instructions: 'x' }, CREDENTIALS],
    ['latam-pass', 401, { message: 'Unauthorized' }, EDGE],
    ['loyalty-layer', 400, { error: 'invalid_request', error_description: 'x', code: 400 }, CREDENTIALS],
    ['loyalty-layer', 401, { error: 'unauthorized' }, CREDENTIALS],
    ['loyalty-layer', 403, { error: 'forbidden' }, EDGE],
    ['latcom', 401, { success: false, error: 'Invalid credentials' }, CREDENTIALS],
    ['latcom', 200, { success: false, error: 'Invalid credentials' }, CREDENTIALS],
    ['latcom', 403, { message: 'Forbidden' }, EDGE],
    ['latcom', 400, { message: 'Bad Request' }, EDGE],
    ['latcom', 404, { status: 'error', code: 404, message: 'Application not found' }, EDGE],
    ['latcom', 403, '<html>Access Denied</html>', EDGE],
    ['latcom', 502, { success: false, error: 'Bad Gateway' }, 'doubtful: server_error'],
    ['latcom', 302, '', 'doubtful: redirected'],
    ['latcom', 200, '<html>maintenance</html>', 'doubtful: token_unreadable'],
  ])('by %s with %i %j is %s', (provider, status, body, expected) => {
    expect(told(status, body, provider)).toBe(expected);
  });
});
