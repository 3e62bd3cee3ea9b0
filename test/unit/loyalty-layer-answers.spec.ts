import { ProviderError } from '../../src/connector/connector.js';
import { readKeysReply, readTokenizeReply } from '../../src/providers/loyalty-layer/cards/card.mapping.js';
import { readCreateReply } from '../../src/providers/loyalty-layer/passes/pass.mapping.js';
import {
  readCancelReply,
  readStatusReply,
  readUpdateReply,
} from '../../src/providers/loyalty-layer/passes/pass-change.mapping.js';
import { Problem } from '../../src/common/problem.js';

type Reply = Readonly<{ status: number; headers: Record<string, string>; body: string }>;

const BODY = '{"pass_id":"p-1"}';
const READERS: Readonly<Record<string, (reply: Reply) => unknown>> = {
  create: readCreateReply,
  update: (reply) => readUpdateReply(BODY, reply),
  cancel: (reply) => readCancelReply(BODY, reply),
  status: readStatusReply,
  tokenize: readTokenizeReply,
  keys: readKeysReply,
};

function reply(status: number, body: unknown): Reply {
  return { status, headers: {}, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

function told(read: (reply: Reply) => unknown, status: number, body: unknown): string {
  try {
    const outcome = read(reply(status, body));
    return typeof outcome === 'object' && outcome && 'kind' in outcome ? String(outcome.kind) : 'read';
  } catch (error) {
    if (error instanceof Problem) return `refused: ${String(error.extras.provider?.code)}`;
    return error instanceof ProviderError ? `${error.kind}: ${error.reason}` : 'another error';
  }
}

describe.each(Object.keys(READERS))('the answer of LoyaltyLayer to the request "%s"', (name) => {
  const read = READERS[name];
  if (!read) throw new Error('no such reader');
  const refused = (code: string): string =>
    name === 'create' || name === 'update' || name === 'cancel' ? 'declined' : `refused: ${code}`;

  it.each<[number, object | string]>([
    [403, { error: 'forbidden' }],
    [403, { message: 'Forbidden' }],
    [404, { message: 'no Route matched with those values' }],
    [404, { error: 'Not Found', message: 'x', statusCode: 404 }],
    [405, { error: 'method_not_allowed' }],
    [413, ''],
    [400, { message: 'Bad request' }],
    [422, '<html>Unprocessable</html>'],
    [403, '<html>Incident 4711</html>'],
  ])('%i %j comes from a system in front of LoyaltyLayer', (status, body) => {
    expect(told(read, status, body)).toBe('doubtful: refused_by_edge');
  });

  it.each([500, 503, 504])('%i carries the wait before the next request', (status) => {
    const body = { error: 'server_error', error_description: 'x', code: status, retry_after: 30 };
    const error = (): unknown => {
      try {
        return read(reply(status, body));
      } catch (thrown) {
        return thrown;
      }
    };
    expect(error()).toMatchObject({ kind: 'doubtful', extras: { retryAfterMs: 30_000 } });
  });

  it.each<[number, string, object]>([
    [400, 'invalid_enrol_token', { error: 'invalid_enrol_token' }],
    [404, 'invalid_pass_id', { error: 'invalid_pass_id', error_description: 'Invalid pass ID', code: 404 }],
    [400, 'something_new', { error: 'something_new', error_description: 'x', code: 400 }],
  ])('%i %s is a refusal', (status, code, body) => {
    expect(told(read, status, body)).toBe(refused(code));
  });
});

it('the entitlements and the id of a pass keep all their digits', () => {
  const body = '{"pass_id":90071992547409931,"iccid":8952020012345678907,"sims":[{"imsi":334020123456789012}]}';
  expect(readCreateReply(reply(200, body))).toMatchObject({
    providerReference: '90071992547409931',
    resource: { secret: { data: { iccid: '8952020012345678907', sims: [{ imsi: '334020123456789012' }] } } },
  });
});

it('encryption keys are passed on unchanged, without a byte order mark', () => {
  const text = '{ "keys":[{"kid":12345678901234567890}]}';
  expect(readKeysReply(reply(200, `\uFEFF${text}`))).toMatchObject({ text });
  expect(told(readKeysReply, 200, '{"keys":1,"keys":2}')).toBe('doubtful: unreadable_answer');
});
