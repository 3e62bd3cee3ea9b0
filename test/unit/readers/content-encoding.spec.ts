import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { codingsOf, decodeBody } from '../../../src/readers/content-encoding.js';

const LIMIT = 64 * 1024;
const BODY = Buffer.from('{"nonAirAccrual":{"status":"PROCESSED"}}');
const decoded = { kind: 'decoded', body: BODY };

it.each<[header: string | undefined, body: Buffer]>([
  [undefined, BODY],
  ['identity', BODY],
  ['gzip', gzipSync(BODY)],
  [' GZip , identity', gzipSync(BODY)],
  ['x-gzip', gzipSync(BODY)],
  ['deflate', deflateSync(BODY)],
  ['deflate', deflateRawSync(BODY)],
  ['br', brotliCompressSync(BODY)],
  ['gzip, gzip', gzipSync(gzipSync(BODY))],
  ['br, gzip', gzipSync(brotliCompressSync(BODY))],
])('a body with Content-Encoding %p is decoded', (header, body) => {
  expect(decodeBody(body, codingsOf(header), LIMIT)).toEqual(decoded);
});

it.each<[what: string, header: string, body: Buffer]>([
  ['plain text', 'gzip', BODY],
  ['a body that was cut off', 'gzip', gzipSync(BODY).subarray(0, -9)],
  ['an unknown coding', 'compress', gzipSync(BODY)],
  ['more layers of coding than any sender makes', 'gzip, gzip, gzip, gzip', gzipSync(BODY)],
  ['the layers in the wrong order', 'gzip, br', gzipSync(brotliCompressSync(BODY))],
])('a body with %s is not decoded', (_what, header, body) => {
  expect(decodeBody(body, codingsOf(header), LIMIT)).toEqual({ kind: 'unreadable' });
});

it('a decompression bomb is stopped at the limit, in every layer', () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  expect(decodeBody(bomb, ['gzip'], LIMIT)).toEqual({ kind: 'too-large' });
  expect(decodeBody(gzipSync(bomb), ['gzip', 'gzip'], LIMIT)).toEqual({ kind: 'too-large' });
  expect(decodeBody(gzipSync(Buffer.alloc(LIMIT)), ['gzip'], LIMIT)).toMatchObject({ kind: 'decoded' });
  expect(decodeBody(gzipSync(Buffer.alloc(LIMIT + 1)), ['gzip'], LIMIT)).toEqual({ kind: 'too-large' });
});
