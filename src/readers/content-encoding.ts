import {
  brotliDecompressSync,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
  type ZlibOptions,
} from 'node:zlib';
import { errorCode } from './error-code.js';

/** More layers than any sender applies. Each layer costs a decompression. */
const MAX_CODINGS = 3;

type Decoder = (body: Buffer, options: Pick<ZlibOptions, 'maxOutputLength'>) => Buffer;

/** The codings of RFC 9110 and RFC 8878. Some senders of `deflate` leave out its header. */
const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', (body, options) => ((body[0] ?? 0) % 16 === 8 ? inflateSync : inflateRawSync)(body, options)],
  ['br', brotliDecompressSync],
  ['zstd', zstdDecompressSync],
]);

export type Decoding =
  | { readonly kind: 'decoded'; readonly body: Buffer }
  /** The body is damaged, or its coding is not known. */
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'too-large' };

/** The codings that `Content-Encoding` names, in the order in which they were applied, without `identity`. */
export function codingsOf(header: string | undefined): string[] {
  if (header === undefined) return [];
  const names = header.split(',').map((name) => name.trim().toLowerCase());
  return names.filter((name) => name !== '' && name !== 'identity');
}

/** Undoes the codings, the last one first. No step produces more than `maxBytes`. */
export function decodeBody(body: Buffer, codings: readonly string[], maxBytes: number): Decoding {
  if (codings.length > MAX_CODINGS) return { kind: 'unreadable' };
  let decoded = body;
  for (const name of codings.toReversed()) {
    const decoder = DECODERS.get(name);
    if (!decoder) return { kind: 'unreadable' };
    try {
      decoded = decoder(decoded, { maxOutputLength: maxBytes });
    } catch (error) {
      return { kind: errorCode(error) === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'unreadable' };
    }
  }
  return { kind: 'decoded', body: decoded };
}
