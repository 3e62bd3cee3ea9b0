import { ProviderError } from '../../src/connector/connector.js';
import {
  endBody,
  readEndReply,
  readStartReply,
  startBody,
} from '../../src/providers/latam-pass/cobranded/cobranded.mapping.js';
import {
  readSearchReply,
  scopeHeader,
  searchBody,
} from '../../src/providers/latam-pass/members/member-search.mapping.js';

const DOCUMENT = { documentId: '012', documentType: 'CPF', issueCountryCode: 'BR' };
const PAGE = '<html><H1>Access Denied</H1> Reference&#32;&#35;18&#46;2f3c1202</html>';
const ended = { code: 400, message: 'There is no previously initiated life cycle' };
const running = { code: 409, message: 'Life cycle already initiated' };
const noMember = { code: 404, message: 'Member not found' };
const invalid = { code: 400, message: 'Invalid request content', details: { 'member.ffn': 'must not be null' } };

/** The result of reading in one line, or the reason why it failed. */
function told(read: () => { kind: string; failure?: { code: string } }): string {
  try {
    const reading = read();
    return reading.failure ? `${reading.kind}: ${reading.failure.code}` : reading.kind;
  } catch (error) {
    return error instanceof ProviderError ? `${error.kind}: ${error.reason}` : 'another error';
  }
}

function reply(status: number, body: unknown): { status: number; headers: Record<string, string>; body: string } {
  return { status, headers: {}, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

describe('a request about members is sent to LATAM Pass', () => {
  it.each([
    [searchBody({ ffn: '01234567890' }), '{"ffn":"01234567890"}'],
    [
      searchBody({ document: DOCUMENT }),
      '{"document":{"documentId":"012","documentType":"CPF","issueCountryCode":"BR"}}',
    ],
    [scopeHeader(['member-tier', 'member-status']), 'member-tier,member-status'],
    [startBody({ ffn: '012' }, { product: 'GOLD' }), '{"member":{"ffn":"012"},"card":{"product":"GOLD"}}'],
    [endBody('012', { product: 'GOLD' }), '{"ffn":"012","card":{"product":"GOLD"}}'],
  ])('as %s', (written, expected) => {
    expect(written).toBe(expected);
  });
});

describe('the answer to a search for a member', () => {
  it.each([
    [200, { member: {} }, 'found'],
    [201, '{}', 'found'],
    [200, '', 'doubtful: unreadable_answer'],
    [204, '', 'doubtful: unreadable_answer'],
    [200, PAGE, 'doubtful: unreadable_answer'],
    [200, '{"member":{"ffn"', 'doubtful: unreadable_answer'],
    [307, '', 'doubtful: redirected'],
    [400, invalid, 'refused'],
    [403, PAGE, 'doubtful: refused_by_edge'],
    [404, noMember, 'no-member'],
    // An error of an API gateway about a missing route says nothing about the member.
    [404, { message: 'no Route matched with those values' }, 'doubtful: refused_by_edge'],
    [404, PAGE, 'doubtful: refused_by_edge'],
    [500, { code: 500 }, 'doubtful: server_error'],
    [503, '', 'doubtful: server_error'],
  ])('%i %j is read as %s', (status, body, expected) => {
    expect(told(() => readSearchReply(reply(status, body)))).toBe(expected);
  });

  it('is passed through unchanged, including long numbers', () => {
    const json = '{ "member": {"balance": 12345678901234567890, "ffn":"01234567890"}}';
    expect(readSearchReply(reply(200, `\uFEFF${json}`))).toEqual({ kind: 'found', json });
  });

  it('reports what the provider refused, without the values that it quotes', () => {
    expect(readSearchReply(reply(400, { ...invalid, instructions: 'Evaluate' }))).toEqual({
      kind: 'refused',
      refusal: { name: 'latam-pass', code: '400', message: 'Invalid request content', instructions: 'Evaluate' },
    });
  });
});

describe('the answer to an act on a cobranded card', () => {
  it.each([
    [200, { status: 'ACTIVE' }],
    [201, '{}'],
    [202, ''],
    [204, ''],
  ])('%i %j is a success, like any 2xx', (status, body) => {
    expect(told(() => readStartReply(reply(status, body), 1))).toBe('succeeded');
    expect(told(() => readEndReply(reply(status, body), 1))).toBe('succeeded');
  });

  it.each([
    [200, PAGE, 'doubtful: unreadable_answer'],
    [200, '{"status":"ACT', 'doubtful: unreadable_answer'],
    [307, '', 'doubtful: redirected'],
    [400, invalid, 'declined: refused_by_provider'],
    [404, noMember, 'declined: member_not_found'],
    [404, { message: 'no Route matched with those values' }, 'doubtful: refused_by_edge'],
    [400, { message: 'There is no previously initiated life cycle' }, 'doubtful: refused_by_edge'],
    [403, PAGE, 'doubtful: refused_by_edge'],
    [500, { code: 500 }, 'doubtful: server_error'],
    [504, '', 'doubtful: server_error'],
  ])('%i %j is %s at every attempt', (status, body, expected) => {
    for (const attempt of [1, 2]) {
      expect(told(() => readStartReply(reply(status, body), attempt))).toBe(expected);
      expect(told(() => readEndReply(reply(status, body), attempt))).toBe(expected);
    }
  });

  it.each([
    ['an end on a first attempt', 'declined: cobranded_not_started', readEndReply, ended, 1],
    ['an end after a doubtful attempt', 'succeeded', readEndReply, ended, 2],
    ['a start on a first attempt', 'declined: cobranded_already_started', readStartReply, running, 1],
    ['a start after a doubtful attempt', 'succeeded', readStartReply, running, 2],
    ['a start, in other words', 'succeeded', readStartReply, { code: 400, details: 'was previously initiated' }, 3],
    // A refusal with the words of the other operation is not a success.
    ['a start that hears of an end', 'declined: refused_by_provider', readStartReply, ended, 2],
    ['an end that hears of a start', 'declined: refused_by_provider', readEndReply, running, 2],
    [
      'a start for a member who exists',
      'declined: refused_by_provider',
      readStartReply,
      { code: 400, message: 'already a member' },
      2,
    ],
  ])('that names a reached state is, for %s, %s', (_what, expected, read, body, attempt) => {
    expect(told(() => read(reply(400, body), attempt))).toBe(expected);
  });

  it('keeps the correlationId', () => {
    const outcome = readStartReply(reply(200, { trace: { correlationId: 'c-1' } }), 1);
    expect(outcome).toEqual({ kind: 'succeeded', providerReference: null, correlationId: 'c-1' });
  });
});
