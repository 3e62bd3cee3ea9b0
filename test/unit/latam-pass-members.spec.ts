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

describe('what is sent', () => {
  it.each([
    [searchBody({ ffn: '01234567890' }), '{"ffn":"01234567890"}'],
    [
      searchBody({ document: DOCUMENT }),
      '{"document":{"documentId":"012","documentType":"CPF","issueCountryCode":"BR"}}',
    ],
    [scopeHeader(['member-tier', 'member-status']), 'member-tier,member-status'],
    [startBody({ ffn: '012' }, { product: 'GOLD' }), '{"member":{"ffn":"012"},"card":{"product":"GOLD"}}'],
    [endBody('012', { product: 'GOLD' }), '{"ffn":"012","card":{"product":"GOLD"}}'],
  ])('%s', (written, expected) => {
    expect(written).toBe(expected);
  });
});

describe('the answer to a search', () => {
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
  ])('%i %j is %s', (status, body, expected) => {
    expect(told(() => readSearchReply(reply(status, body)))).toBe(expected);
  });

  it('is passed through as it came, long numbers and all', () => {
    const json = '{ "member": {"balance": 12345678901234567890, "ffn":"01234567890"}}';
    expect(readSearchReply(reply(200, `\uFEFF${json}`))).toEqual({ kind: 'found', json });
  });

  it('tells what the provider refused, and nothing of what it quotes', () => {
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
  ])('%i %j: any 2xx is done', (status, body) => {
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
  ])('%i %j is %s, whichever attempt it is', (status, body, expected) => {
    for (const attempt of [1, 2]) {
      expect(told(() => readStartReply(reply(status, body), attempt))).toBe(expected);
      expect(told(() => readEndReply(reply(status, body), attempt))).toBe(expected);
    }
  });

  it.each([
    ['an end on a first attempt', readEndReply, ended, 1, 'declined: cobranded_not_started'],
    ['an end after a doubtful attempt', readEndReply, ended, 2, 'succeeded'],
    ['a start on a first attempt', readStartReply, running, 1, 'declined: cobranded_already_started'],
    ['a start after a doubtful attempt', readStartReply, running, 2, 'succeeded'],
    ['a start, in other words', readStartReply, { code: 400, details: 'was previously initiated' }, 3, 'succeeded'],
    // A refusal with the words of the other operation is not a success.
    ['a start that hears of an end', readStartReply, ended, 2, 'declined: refused_by_provider'],
    ['an end that hears of a start', readEndReply, running, 2, 'declined: refused_by_provider'],
    [
      'a member who exists',
      readStartReply,
      { code: 400, message: 'already a member' },
      2,
      'declined: refused_by_provider',
    ],
  ])('%s that finds its state reached', (_what, read, body, attempt, expected) => {
    expect(told(() => read(reply(400, body), attempt))).toBe(expected);
  });

  it('keeps the correlationId where there is one', () => {
    const outcome = readStartReply(reply(200, { trace: { correlationId: 'c-1' } }), 1);
    expect(outcome).toEqual({ kind: 'succeeded', providerReference: null, correlationId: 'c-1' });
  });
});
