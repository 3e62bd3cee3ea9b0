import { gzipSync } from 'node:zlib';
import fc from 'fast-check';

/* Values that often break programs, a list for each kind of input. The given random stream chooses among them. */

const ZERO_UUID = '00000000-0000-0000-0000-000000000000';
const SOME_UUID = '019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11';
/** A test card number of VISA, which belongs to no person. */
export const CARD = '4111 1111 1111 1111';

const words = (text) => text.trim().split(/\s+/);
/** Words that are written with JSON escapes. */
const escapes = (text) => words(text).map((word) => JSON.parse(`"${word}"`));

const CONTROLS = escapes(String.raw`\u0000 a\u0000b \u0001 \u0007 \u001b[31m \n a\r\nx-injected:1 \t \u007f \u0085`);
const UNICODE = escapes(String.raw`
  \u200b a\u200bb \u200e\u202eabc \u2066 \ufeff \ufeffabc \ud800 a\udfffb \udc00\ud800 e\u0301 \u212b \ufb01 \u0130
  \ud835\udfd9 \u0663 \u2028 \uffff \udbff\udfff \ud83d\udc68\u200d\ud83d\udc69`);
const LENGTHS = [
  '',
  ' ',
  '   ',
  ' a ',
  ...[51, 101, 256, 501, 4_097, 9_000, 70_000].map((length) => 'a'.repeat(length)),
];
const TEXTS = [
  ...words('../../etc/passwd .. . %00 % %zz \' " \\ \\u0000 ${7*7} {{7*7}} <b> =1+1 null undefined true [] {} $ref'),
  ...["' or 1=1--", '[object Object]', '__proto__', 'constructor', 'toString', CARD],
];
const NUMERALS = words(`
  NaN Infinity -0 -1 0 1e400 1e3 0x10 1.5 00 1_000 1,234.56 +1 9007199254740993 99999999999999999999999 2147483648
  0.00000000000000000001 ٣ １２ -10.00 10.000`);
const DATES = words(`
  0000-01-01T00:00:00Z 0001-01-01T00:00:00Z 9999-12-31T23:59:59.999Z +10000-01-01T00:00:00Z -000001-01-01T00:00:00Z
  -271821-04-20T00:00:00Z +275760-09-13T00:00:00Z 1969-12-31T23:59:59Z 2016-12-31T23:59:60Z 2026-01-01T24:00:00Z
  2026-02-30T00:00:00Z 2026-13-01T00:00:00Z 2026-01-20 2026-01-20T14:10:36 2026-01-20T14:10:36+14:00
  2026-01-20T14:10:36-23:59 2026-01-20T14:10:36+99:99 2026-01-20T14:10:36-00:00 2026-01-20T14:10:36.123456789012Z
  2026-01-20t14:10:36z 0000-01-01T00:00:00+14:00 9999-12-31T23:59:59-14:00 1768918236177 infinity now epoch`);
const IDS = words('txn pass app key opr rec brk ntf').flatMap((prefix) =>
  [
    ...['', ZERO_UUID, ZERO_UUID.replaceAll('0', 'f'), SOME_UUID.toUpperCase(), `{${SOME_UUID}}`],
    ...[SOME_UUID.replaceAll('-', ''), `${SOME_UUID}\0`, `${SOME_UUID}\n`],
  ].map((uuid) => `${prefix}_${uuid}`),
);
const STRINGS = [CONTROLS, UNICODE, LENGTHS, TEXTS, NUMERALS, DATES, [...IDS, SOME_UUID, `urn:uuid:${SOME_UUID}`]];

/** A JSON text that `JSON.stringify` cannot produce. */
export class RawJson {
  constructor(text) {
    this.text = text;
  }

  toJSON() {
    return `@raw:${this.text}@`;
  }
}

const NUMBERS = words(`
  0 -0 -1 1.5 1e3 1e308 1e400 -1e400 1e-400 2147483648 9007199254740993 99999999999999999999999 NaN Infinity 01 +1 .5 0x10
  0.1000000000000000055511151231257827`);
const deep = (depth) => '['.repeat(depth) + ']'.repeat(depth);
const SHAPES = [
  ...words(
    'null true false [] {} [[]] [null] {"a":{}} [{}] "" {"__proto__":{"a":1}} {"constructor":{"prototype":{"a":1}}}',
  ),
  ...words('{"toString":null,"length":-1} {"a":1,"a":2} {"$ref":"#","":1,"\\u0000":1} ["\\ud800"]'),
  ...[deep(50), deep(5_000), JSON.stringify(Array(600).fill(0))],
];

const BINARY = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
const JSON_VALUES = fc.jsonValue({ maxDepth: 3 });

/** One value of a fast-check generator, chosen by the random stream. */
export function sampled(arbitrary, random) {
  return fc.sample(arbitrary, { seed: random.between(0, 2 ** 31 - 1), numRuns: 1 })[0];
}

export function hostileText(random) {
  return random.next() < 0.15 ? sampled(BINARY, random) : random.pick(random.pick(STRINGS));
}

/** A hostile text inside, before or after a valid one. */
export function spoiled(text, random) {
  const at = random.pick([0, text.length, random.between(0, text.length)]);
  return text.slice(0, at) + hostileText(random) + text.slice(at);
}

export function hostileValue(random) {
  const chance = random.next();
  if (chance < 0.55) return hostileText(random);
  if (chance < 0.9) return new RawJson(random.pick(chance < 0.75 ? NUMBERS : SHAPES));
  return sampled(JSON_VALUES, random);
}

const base64 = (text) => Buffer.from(text).toString('base64url');

/** Invalid cursors that look like valid ones. */
export function hostileCursor(random) {
  const zeros = Buffer.alloc(16).toString('base64url');
  const inside = random.pick(['{}', '[]', '{"id":null}', 'x', '', '\0', SOME_UUID, hostileText(random)]);
  const last = random.pick([zeros, zeros.replace(/A$/, 'w'), `${zeros}=`, hostileText(random)]);
  return random.pick([base64(inside), base64(`\0${inside}`), last]);
}

const BASIC_PAIRS = escapes(String.raw`
  nocolon : :password user: \u0000:\u0000 ad\u0000min:password admin\u0000:password admin:pass\u0000word \ud83d:x
  key_\u0000${SOME_UUID}:x key_${SOME_UUID}:lgs_\u0000 key_:x \u200badmin:x ADMIN:x a\nb:x ${'u'.repeat(5_000)}:x`);
const AUTHORIZATIONS = ['Basic', 'Basic ', 'Basic =', 'Basic !!!', 'basic //46wyg=', 'Bearer x', 'Basic Og==, x', '\0'];

/** `Authorization` headers that a reader must handle without an error. */
export function hostileAuthorization(random) {
  const pair = random.pick(BASIC_PAIRS);
  return random.next() < 0.5 ? random.pick(AUTHORIZATIONS) : `Basic ${Buffer.from(pair).toString('base64')}`;
}

/** Values by header, separated by bars. One in three headers gets a hostile text instead. */
const HEADERS = {
  accept: '|*|*/*;q=nan|a/b;q=0,*/*;q=0|, , ,|text/csv|application/x-ndjson|image/png|text/html;level=1',
  prefer: 'wait=-1|wait=1e9|wait=0|wait="1"|wait=0;wait=|respond-async, wait=1|wait|=|wait=0,wait=30',
  range: 'bytes=0-|bytes=-1|bytes=9-1|bytes=0-0,1-1|lines=1',
  'if-match': '*|"x"|W/"',
  'if-none-match': '*|""',
  'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT|never',
  traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-00|ff-${'a'.repeat(32)}-${'b'.repeat(16)}-01|00|-`,
  'x-request-id': `|a b|${'x'.repeat(129)}|../..|{}`,
  'idempotency-key': `| |${'k'.repeat(255)}|${'k'.repeat(256)}|ñ|"quoted"`,
  'content-type':
    '|text/plain|application/x-www-form-urlencoded|application/json; charset=utf-16|application/json;charset|/|;' +
    '|multipart/form-data|multipart/form-data; boundary=|multipart/form-data; boundary="|multipart/mixed; boundary=x' +
    '|application/json, application/json|APPLICATION/JSON|application/merge-patch+json|application/xml',
  'content-encoding': 'gzip|deflate|br|zstd|identity|gzip, gzip|x',
  expect: '100-continue|something-else',
  connection: 'close|upgrade',
  upgrade: 'websocket|h2c',
  te: 'trailers|gzip',
  'x-http-method-override': 'DELETE',
  'x-forwarded-for': '127.0.0.1, ÿ|unknown|::1',
  origin: 'null|http://evil.example',
  cookie: 'a=b; __proto__=1',
};

export function hostileHeader(random) {
  const name = random.pick(Object.keys(HEADERS));
  const value = random.next() < 0.33 ? hostileText(random) : random.pick(HEADERS[name].split('|'));
  // The limit of the whole head is 16 KiB, so longer values are mostly shortened.
  return [name, value.length > 9_000 && random.next() < 0.9 ? value.slice(0, 300) : value];
}

const BROKEN_BYTES = [0x00, 0xff, 0xc0, 0x80, 0xed];
const OTHER_BODIES = [...words('null 0 "" [] { } a=b <a/> {"a":1}x'), '\0', "{'a':1}", ' \n', ''];
const LARGE = JSON.stringify({ reference: 'x'.repeat(70_000) });

/** Changes of the bytes of a body. */
const BYTES = [
  () => Buffer.alloc(0),
  () => Buffer.from(LARGE),
  () => Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]),
  (body) => gzipSync(body),
  (body) => Buffer.concat([body, body]),
  (body) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body]),
  (body) => Buffer.from(`\ufeff${body.toString()}`, 'utf16le'),
  (body) => Buffer.from(body.toString().replace(/^\{("[^"]*":)/, '{$1null,$1')),
  (body, random) => Buffer.from(random.pick(OTHER_BODIES)),
  (body, random) => body.subarray(0, random.between(0, body.length)),
  (body, random) => {
    const at = random.between(0, body.length);
    return Buffer.concat([body.subarray(0, at), Buffer.from([random.pick(BROKEN_BYTES)]), body.subarray(at)]);
  },
];

export function spoiledBytes(body, random) {
  return random.pick(BYTES)(body, random);
}
