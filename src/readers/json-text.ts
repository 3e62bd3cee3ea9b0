import { TextDecoder } from 'node:util';

const UTF_16LE = new TextDecoder('utf-16le');
const UTF_16BE = new TextDecoder('utf-16be');

/**
 * The text of a JSON body from outside, in UTF-8 (RFC 8259) or UTF-16. The first two bytes show UTF-16: they are a byte
 * order mark, or one of them is zero because JSON begins with an ASCII character. Invalid bytes become U+FFFD.
 */
export function decodeJson(bytes: Buffer): string {
  const [first, second] = bytes;
  if (second === undefined) return bytes.toString('utf8');
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return UTF_16LE.decode(bytes);
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return UTF_16BE.decode(bytes);
  return bytes.toString('utf8');
}
