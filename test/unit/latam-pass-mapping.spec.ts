import { ProviderError } from '../../src/connector/connector.js';
import {
  accrualBody,
  partnerDateTime,
  readAccrualReply,
} from '../../src/providers/latam-pass/accruals/accrual.mapping.js';
import { readAccrualStatus, readNotification } from '../../src/providers/latam-pass/accruals/accrual-status.mapping.js';
import { judgeToken } from '../../src/providers/latam-pass/errors.js';
import { REASONS } from '../../src/providers/latam-pass/accruals/accrual.reasons.js';
import { REJECTED_SAMPLE } from '../support/latam-pass-samples.js';

const ID = '019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11';
const CORRELATION = 'f050f11e-b05b-499d-ae13-154efc091ef4';

function reading(status: number, body: unknown): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  try {
    const read = readAccrualReply({ status, headers: {}, body: text });
    return read.kind === 'accepted' ? `accepted ${read.correlationId ?? 'without id'}` : read.kind;
  } catch (error) {
    return error instanceof ProviderError ? `${error.kind}: ${error.reason}` : 'another error';
  }
}

it('an accrual is sent as documented, and strings keep their zeros', () => {
  const body = accrualBody({
    transactionId: ID,
    reference: 'ORDER-1',
    partnerId: '09989092000121',
    productId: '001',
    member: { ffn: '01234567890', document: { documentId: '012', documentType: 'CPF', issueCountryCode: 'BR' } },
    points: 3000,
    occurredAt: '2026-11-20T14:10:36.177-03:00',
  });
  expect(body).toBe(
    '{"member":{"ffn":"01234567890","document":{"documentId":"012","documentType":"CPF","issueCountryCode":"BR"}},' +
      `"partner":{"partnerId":"09989092000121","productId":"001","partnerAccrualId":"${ID}",` +
      '"partnerTransactionId":"ORDER-1","partnerOriginalDateTime":"2026-11-20T14:10:36.177-03:00"},"points":3000}',
  );
});

it.each([
  ['2026-11-20T14:10:36Z', '2026-11-20T14:10:36.000Z'],
  ['2026-11-20T14:10:36.1+05:30', '2026-11-20T14:10:36.100+05:30'],
  ['2026-11-20T14:10:36.123456-03:00', '2026-11-20T14:10:36.123-03:00'],
])('the time %s is sent to LATAM Pass as %s', (given, sent) => {
  expect(partnerDateTime(given)).toBe(sent);
});

describe('the answer to an accrual', () => {
  const duplicate = { code: 400, message: 'Duplicate correlationId or other unique fields' };
  it.each([
    [200, { correlationId: CORRELATION }, `accepted ${CORRELATION}`],
    [200, { trace: { correlationId: CORRELATION } }, `accepted ${CORRELATION}`],
    [204, '', 'accepted without id'],
    [200, '', 'doubtful: unreadable_answer'],
    [200, '<html>Access Denied</html>', 'doubtful: unreadable_answer'],
    [200, `{"correlationId":"${CORRELATION}`, 'doubtful: unreadable_answer'],
    [302, '', 'doubtful: redirected'],
    [400, duplicate, 'duplicate'],
    [409, { code: 409, message: 'x', details: { key: 'Duplicate partnerAccrualId' } }, 'duplicate'],
    [400, { code: 400, message: 'Invalid request content', details: { 'member.ffn': 'must not be null' } }, 'declined'],
    [403, '<html>Access Denied Reference #18.abc123</html>', 'doubtful: refused_by_edge'],
    [404, { code: '404', message: 'Not Found' }, 'declined'],
    [403, { code: 108, message: 'PartnerDoesNotExist', instructions: 'x' }, 'declined'],
    [400, { result: 'failure', errors: [{ type: 'INVALID', message: 'x' }], status: 400 }, 'declined'],
    [404, { message: 'no Route matched with those values' }, 'doubtful: refused_by_edge'],
    [403, { message: 'Forbidden' }, 'doubtful: refused_by_edge'],
    [413, { message: 'Request size limit exceeded' }, 'doubtful: refused_by_edge'],
    [405, { error: 'Method Not Allowed' }, 'doubtful: refused_by_edge'],
    [400, { message: 'Duplicate request' }, 'doubtful: refused_by_edge'],
    [422, { errors: ['x'] }, 'doubtful: refused_by_edge'],
    [403, { code: 'AccessDenied', message: 'Request has expired' }, 'doubtful: refused_by_edge'],
    [401, { code: '900901', message: 'Invalid Credentials', description: 'x' }, 'doubtful: refused_by_edge'],
    [403, { code: 403 }, 'doubtful: refused_by_edge'],
    [200, '{"correlationId":9007199254740993123}', 'accepted 9007199254740993123'],
    [200, { correlationId: CORRELATION.toUpperCase() }, `accepted ${CORRELATION}`],
    [200, { correlationId: 'Not-A-UUID' }, 'accepted Not-A-UUID'],
    [500, { code: 500 }, 'doubtful: server_error'],
    [503, '', 'doubtful: server_error'],
  ])('%i %j is read as %s', (status, body, expected) => {
    expect(reading(status, body)).toBe(expected);
  });

  it.each([
    [null, 'Invalid request content'],
    [{ 'member.ffn': 'must not be null', points: '0 is too few' }, 'Invalid request content: member.ffn, points'],
    [[{ 'partner.productId': 'x' }, 'text'], 'Invalid request content: partner.productId'],
    [{ 'a value of somebody@example.com': 'x' }, 'Invalid request content'],
  ])('is declined with the names of the refused fields and without their values: %j', (details, message) => {
    const body = JSON.stringify({ code: 400, message: 'Invalid request content', details, correlationId: CORRELATION });
    expect(readAccrualReply({ status: 400, headers: {}, body })).toMatchObject({
      kind: 'declined',
      correlationId: CORRELATION,
      failure: { code: 'refused_by_provider', provider: { code: '400', message } },
    });
  });

  it.each([503, 429, 403])('carries the wait that a %i asks for', (status) => {
    const error = (): unknown => {
      try {
        return readAccrualReply({ status, headers: { 'retry-after': '120' }, body: '<p>Later</p>' });
      } catch (thrown) {
        return thrown;
      }
    };
    expect(error()).toMatchObject({ kind: 'doubtful', extras: { retryAfterMs: 120_000 } });
  });

  it("carries the edge firewall's reference, also when it is written in entities", () => {
    const page = '<H1>Access Denied</H1> Reference&#32;&#35;18&#46;2f3c1202&#46;1700000000&#46;abc';
    try {
      readAccrualReply({ status: 403, headers: {}, body: page });
      throw new Error('was read');
    } catch (error) {
      expect(error).toMatchObject({
        extras: { evidence: { httpStatus: 403, edgeReference: '18.2f3c1202.1700000000.abc' } },
      });
    }
  });
});

it.each([
  [401, {}, 'refused'],
  [403, { message: 'Forbidden' }, 'suspect'],
  [403, '<html>403 Forbidden</html>', 'suspect'],
  [403, { code: 403, message: 'Invalid or expired token', instructions: 'Generate new access token' }, 'refused'],
  [403, { code: 403, message: 'Not allowed for this partner', instructions: 'x' }, 'accepted'],
  [403, '<H1>Access Denied</H1> Reference&#32;&#35;18&#46;2f3c1202', 'accepted'],
  [404, { message: 'no Route matched with those values' }, 'accepted'],
  [400, { code: 400, message: 'Invalid token', instructions: 'x' }, 'accepted'],
])('after the answer %i %j of LATAM Pass the token is %s', (status, body, expected) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  expect(judgeToken({ status, headers: {}, body: text })).toBe(expected);
});

describe('the status query of an accrual', () => {
  const ids = { transactionId: ID, correlationId: CORRELATION };
  const ask = (status: number, body: unknown): unknown =>
    readAccrualStatus({ status, headers: {}, body: JSON.stringify(body) }, ids);
  const row = { partnerAccrualId: ID, correlationId: CORRELATION, status: 'PROCESSED', latamAccrualId: '123456' };

  it('finds nothing while the accrual is not visible', () => {
    expect(ask(404, {})).toBeNull();
    expect(ask(200, { accruals: [] })).toBeNull();
  });

  it('ignores the rows of other partners', () => {
    expect(ask(200, { accruals: [{ ...row, partnerAccrualId: 'another', status: 'CANCELLED' }] })).toBeNull();
    expect(ask(200, { accruals: [{ ...row, partnerAccrualId: 'another', status: 'CANCELLED' }, row] })).toEqual({
      correlationId: CORRELATION,
      end: { kind: 'succeeded', providerReference: '123456' },
    });
  });

  it.each([
    ['a list', { accruals: [row] }],
    ['a single object', row],
    [
      'nonAirAccrual',
      { nonAirAccrual: { status: 'PROCESSED', latamAccrualId: '123456' }, trace: { correlationId: CORRELATION } },
    ],
  ])('is read from %s', (_shape, body) => {
    expect(ask(200, body)).toEqual({
      correlationId: CORRELATION,
      end: { kind: 'succeeded', providerReference: '123456' },
    });
  });

  it.each(['PROCESSING', 'WHATEVER', undefined])('is not final with the status %s', (status) => {
    expect(ask(200, { ...row, status })).toEqual({ correlationId: CORRELATION, end: null });
  });
});

describe('a notification of LATAM Pass', () => {
  it('is read from the documented rejection, with its raw line feed inside a string', () => {
    expect(readNotification(REJECTED_SAMPLE)).toMatchObject({
      kind: 'final',
      correlationId: CORRELATION,
      outcome: {
        kind: 'declined',
        failure: {
          code: 'partner_not_registered',
          category: 'configuration',
          provider: { code: '108', message: 'PartnerDoesNotExist' },
        },
      },
    });
  });

  it.each(Object.keys(REASONS))('explains reason %s', (code) => {
    const body = {
      nonAirAccrual: { status: 'CANCELLED' },
      trace: { correlationId: 'c' },
      error: { code: Number(code) },
    };
    expect(readNotification(JSON.stringify(body))).toMatchObject({
      outcome: { failure: { code: REASONS[code]?.code, category: REASONS[code]?.category, provider: { code } } },
    });
  });

  it.each([
    [
      'with a final status',
      'final',
      { nonAirAccrual: { status: 'PROCESSED', latamAccrualId: 'B_6' }, trace: { correlationId: 'c' } },
    ],
    ['with an unknown status', 'not-final', { nonAirAccrual: { status: 'REVERSED' }, trace: { correlationId: 'c' } }],
    ['without a correlationId', 'unreadable', { nonAirAccrual: { status: 'PROCESSED' } }],
    ['without a status', 'unreadable', { trace: { correlationId: 'c' } }],
  ])('%s is read as "%s"', (_what, kind, body) => {
    expect(readNotification(JSON.stringify(body)).kind).toBe(kind);
  });

  it.each(['', 'null', '[]', '<html>', '{"nonAirAccrual":', '"\\', '\u0000'])(
    'with the body %j is unreadable',
    (raw) => {
      expect(readNotification(raw).kind).toBe('unreadable');
    },
  );

  it('is read in linear time', () => {
    const cost = (times: number): number => {
      const hostile = `{"a":${'"\\"'.repeat(times)}`;
      const runs = Array.from({ length: 7 }, () => {
        const startedAt = performance.now();
        expect(readNotification(hostile).kind).toBe('unreadable');
        return performance.now() - startedAt;
      });
      return Math.min(...runs);
    };
    // The reader is compiled before it is measured.
    cost(8_000);
    expect(cost(64_000) / cost(8_000)).toBeLessThan(30);
  });
});
