import { ProviderError, type Outcome } from '../../src/connector/connector.js';
import { batchBody, readBatchReply, surplusOf } from '../../src/providers/loyalty-layer/passes/pass-batch.mapping.js';
import { BatchTrust } from '../../src/providers/loyalty-layer/passes/batch-trust.js';

const holder = (name: string, changes: object = {}): object => ({
  first_name: name,
  last_name: 'Souza',
  email: `${name.toLowerCase()}@example.com`,
  ...changes,
});
const ORDERS = ['Ana', 'Bia', 'Caio'].map((name) => ({ plan_id: 'LOUNGE', holder: holder(name) }));
const BODIES = ORDERS.map((order) => JSON.stringify(order));

const good = (index: unknown, changes: object = {}): object => ({
  index,
  success: true,
  pass_id: `pass_${String(index)}`,
  ...changes,
});
const bad = (index: number, error: unknown, changes: object = {}): object => ({
  index,
  success: false,
  error,
  ...changes,
});
const ALL = [good(0), good(1), good(2)];

function word(said: Outcome | ProviderError): string {
  if (said instanceof ProviderError) return said.kind === 'doubtful' ? 'unknown' : said.kind;
  if (said.kind === 'declined') return `failed ${said.failure.code}`;
  return 'providerReference' in said ? String(said.providerReference) : said.kind;
}

function read(body: unknown, status = 200): string[] | string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  try {
    return readBatchReply({ status, headers: {}, body: text }, BODIES).map(word);
  } catch (error) {
    return error instanceof ProviderError ? `all ${error.kind}: ${error.reason}` : 'another error';
  }
}

it('a batch contains the exact bytes of each order', () => {
  expect(JSON.parse(batchBody(BODIES))).toEqual({ passes: ORDERS });
});

describe('the answer to a batch of passes', () => {
  it.each<[string, unknown, string[]]>([
    ['results in order', { results: ALL }, ['pass_0', 'pass_1', 'pass_2']],
    ['results reversed', { results: [...ALL].reverse() }, ['pass_0', 'pass_1', 'pass_2']],
    ['a bare list', ALL, ['pass_0', 'pass_1', 'pass_2']],
    ['a list of another name', { passes: ALL }, ['pass_0', 'pass_1', 'pass_2']],
    ['places as text', { results: ['0', '1', '2'].map((index) => good(index)) }, ['pass_0', 'pass_1', 'pass_2']],
    ['one result missing', { results: [good(0), good(2)] }, ['pass_0', 'unknown', 'pass_2']],
    ['one result too many', { results: [...ALL, good(3)] }, ['pass_0', 'pass_1', 'pass_2']],
    ['a place twice', { results: [...ALL, good(1, { pass_id: 'x' })] }, ['pass_0', 'unknown', 'pass_2']],
    ['a place that is no number', { results: [good(0), good('one'), good(2)] }, ['pass_0', 'unknown', 'pass_2']],
    ['a negative place', { results: [good(0), good(-1), good(2)] }, ['pass_0', 'unknown', 'pass_2']],
    ['a pass twice', { results: [good(0), good(1, { pass_id: 'pass_0' }), good(2)] }, ['unknown', 'unknown', 'pass_2']],
    [
      'a result of another plan',
      { results: [good(0), good(1, { plan_id: 'ESIM' }), good(2)] },
      ['pass_0', 'unknown', 'pass_2'],
    ],
    [
      'a result of another person',
      { results: [good(0), good(1, { holder: holder('Caio') }), good(2)] },
      ['pass_0', 'unknown', 'pass_2'],
    ],
    ['a result that is null', { results: [good(0), null, good(2)] }, ['pass_0', 'unknown', 'pass_2']],
    ['results that are no objects', { results: [good(0), 'ok', 7] }, ['pass_0', 'unknown', 'unknown']],
    [
      'results without places',
      { results: ALL.map((item) => ({ ...item, index: undefined })) },
      ['unknown', 'unknown', 'unknown'],
    ],
    ['places counted from 1', { results: [good(1), good(2), good(3)] }, ['unknown', 'unknown', 'unknown']],
    ['places counted from 1, the last missing', { results: [good(1), good(2)] }, ['unknown', 'unknown', 'unknown']],
    [
      'places counted from 1, with the holders',
      { results: ['Bia', 'Caio', 'Ana'].map((name, at) => good(at + 1, { pass_id: name, holder: holder(name) })) },
      ['Ana', 'Bia', 'Caio'],
    ],
    [
      'shuffled results without places, with the holders',
      { results: ['Caio', 'Ana', 'Bia'].map((name) => ({ success: true, pass_id: name, holder: holder(name) })) },
      ['Ana', 'Bia', 'Caio'],
    ],
    ['an empty list', { results: [] }, ['unknown', 'unknown', 'unknown']],
    [
      'a success without a pass',
      { results: [good(0), good(1, { pass_id: null }), good(2)] },
      ['pass_0', 'unknown', 'pass_2'],
    ],
    [
      'a pass without a success',
      { results: [good(0), good(1, { success: false }), good(2)] },
      ['pass_0', 'unknown', 'pass_2'],
    ],
    [
      'a success with an error',
      { results: [good(0), good(1, { error: { error: 'invalid_request', code: 400 } }), good(2)] },
      ['pass_0', 'unknown', 'pass_2'],
    ],
    [
      'a refusal, an error of the server, an error without a code',
      {
        results: [
          bad(0, { error: 'invalid_enrol_token', error_description: 'expired', code: 400 }),
          bad(1, { error: 'server_error', code: 502 }),
          bad(2, { error: 'odd' }),
        ],
      },
      ['failed invalid_enrol_token', 'unknown', 'unknown'],
    ],
    [
      'errors that were not executed, to be sent again',
      { results: [good(0), bad(1, { error: 'rate_limit_exceeded', code: 429 }), bad(2, { error: 'x', code: 401 })] },
      ['pass_0', 'rate-limited', 'unauthorized'],
    ],
    [
      'errors as text, with and without a code',
      { results: [bad(0, 'invalid_plan_id'), bad(1, 'provider_timeout', { code: 504 }), bad(2, 'timeout')] },
      ['failed invalid_plan', 'unknown', 'unknown'],
    ],
  ])('gives each pass its result: %s', (_what, body, expected) => {
    expect(read(body)).toEqual(expected);
    expect(read(body, 207)).toEqual(expected);
  });

  it.each<[string, number, unknown, string]>([
    ['an object instead of a list', 200, { results: { 0: good(0) } }, 'all doubtful: unreadable_answer'],
    ['no list', 200, { success: true }, 'all doubtful: unreadable_answer'],
    ['a truncated body', 200, JSON.stringify({ results: ALL }).slice(0, -9), 'all doubtful: unreadable_answer'],
    ['HTML', 200, '<html>Maintenance</html>', 'all doubtful: unreadable_answer'],
    ['no body', 204, '', 'all doubtful: unreadable_answer'],
    ['null', 200, 'null', 'all doubtful: unreadable_answer'],
    ['a list with 500', 500, { results: ALL }, 'all doubtful: server_error'],
    ['a 504', 504, { error: 'provider_timeout', code: 504 }, 'all doubtful: server_error'],
    ['a refusal of the whole batch', 400, { error: 'invalid_request', code: 400 }, 'all doubtful: batch_refused'],
    ['a redirect', 302, '', 'all doubtful: batch_refused'],
    ['a 404 of a missing endpoint', 404, { error: 'not_found', code: 404 }, 'all not-sent: batch_refused'],
    ['a 413', 413, '', 'all not-sent: batch_refused'],
  ])('has no result for single passes: %s', (_what, status, body, expected) => {
    expect(read(body, status)).toBe(expected);
  });

  it('shows the number of passes that were not ordered', () => {
    const surplus = (items: unknown): number =>
      surplusOf({ status: 200, headers: {}, body: JSON.stringify({ results: items }) }, BODIES);
    expect([surplus(ALL), surplus([...ALL, good(3)]), surplus([good(0)]), surplus('none')]).toEqual([0, 1, 0, 0]);
  });
});

describe('the batch size of LoyaltyLayer', () => {
  it('begins small and doubles with each understood answer, up to the limit', () => {
    const trust = new BatchTrust(30);
    const sizes = [1, 2, 3, 4].map(() => {
      const { size } = trust;
      trust.confirm();
      return size;
    });
    expect(sizes).toEqual([5, 10, 20, 30]);
  });

  it('is one while the first request is under way', () => {
    const trust = new BatchTrust(30);
    trust.begin();
    expect([trust.size, trust.isProven]).toEqual([1, false]);
    trust.confirm();
    trust.end();
    expect([trust.size, trust.isProven]).toEqual([10, true]);
  });

  it('is small again after a lost answer', () => {
    const trust = new BatchTrust(30);
    trust.confirm();
    trust.lost();
    expect([trust.size, trust.isProven]).toEqual([5, false]);
  });

  it('is zero for ten minutes after a refusal or after three answers in a row that were not understood', () => {
    let nowMs = 0;
    const trust = new BatchTrust(30, () => nowMs);
    for (let times = 0; times < 3; times += 1) {
      expect(trust.size).toBe(5);
      trust.misunderstood();
    }
    expect(trust.size).toBe(0);
    nowMs = 10 * 60_000;
    expect(trust.size).toBe(5);
    trust.refused();
    expect(trust.size).toBe(0);
  });

  it('is zero when batches are switched off', () => {
    expect(new BatchTrust(1).size).toBe(0);
  });
});
